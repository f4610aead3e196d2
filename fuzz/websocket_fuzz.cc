// Frames from a stranger: read in pieces of any size they are the same messages, and the same end, as read
// whole; none is over the limit; and each can be sent on. The first byte says on which side we are and how
// the pieces fall.

#include <algorithm>
#include <string>

#include "input.h"
#include "wire/websocket.h"

namespace {

using namespace fumidai;
using namespace fumidai::wire;
using fuzz::require;

constexpr std::size_t kMost = 2000;

struct Heard {
  std::vector<std::pair<Opcode, std::string>> messages;
  bool broken = false;
  friend bool operator==(Heard const&, Heard const&) = default;
};

void take_all(WebSocketReader& reader, Heard& heard) {
  for (;;) {
    auto message = reader.next();
    if (!message) heard.broken = true;
    if (!message || !*message) return;
    require((*message)->opcode != Opcode::continuation && (*message)->payload.size() <= kMost);
    heard.messages.emplace_back((*message)->opcode, std::string(as_text((*message)->payload)));
  }
}

Heard hear(Side side, ByteView bytes, unsigned pieces) {
  WebSocketReader reader(side, kMost);
  Heard heard;
  while (!bytes.empty() && !heard.broken) {
    pieces = pieces * 1103515245 + 12345;
    auto count = std::min<std::size_t>(bytes.size(), 1 + (pieces >> 16) % 9);
    reader.feed(bytes.first(count));
    bytes = bytes.subspan(count);
    take_all(reader, heard);
    reader.release_memory();
  }
  return heard;
}

Heard hear_whole(Side side, ByteView bytes) {
  WebSocketReader reader(side, kMost);
  Heard heard;
  reader.feed(bytes);
  take_all(reader, heard);
  return heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  fuzz::Input input(data, size);
  auto mode = input.byte();
  auto side = (mode & 1) != 0 ? Side::client : Side::server,
       peer = (mode & 1) != 0 ? Side::server : Side::client;
  auto whole = hear_whole(side, input.rest());
  require(hear(side, input.rest(), mode) == whole);

  Bytes sent_on;
  for (auto const& [opcode, payload] : whole.messages) {
    auto frame = encode_frame(peer, opcode, as_bytes(payload));
    sent_on.insert(sent_on.end(), frame.begin(), frame.end());
    if (opcode == Opcode::close) {
      auto reason = parse_close(as_bytes(payload));
      require(encode_close(reason.code, reason.text).size() <= 125);
    }
  }
  require(hear_whole(side, sent_on).messages == whole.messages);
  return 0;
}
