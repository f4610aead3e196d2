#pragma once

// For a process that carries much, and may wait for weeks between two things to do.

namespace fumidai::io {

// From one large message to the next the heap keeps its pages, which to get anew costs more than to copy the
// message. Called once, by who carries streams.
void keep_memory_between_messages();

// Gives back what the heap holds for later, and takes the program's own unchanged pages out of memory: those
// that are needed come back from the page cache, one by one, at the next touch.
void give_back_idle_memory();

}  // namespace fumidai::io
