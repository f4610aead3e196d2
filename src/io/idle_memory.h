#pragma once

// For a process that waits for weeks between two things to do.

namespace fumidai::io {

// Gives back what the heap holds for later, and takes the program's own unchanged pages out of memory: those
// that are needed come back from the page cache, one by one, at the next touch.
void give_back_idle_memory();

}  // namespace fumidai::io
