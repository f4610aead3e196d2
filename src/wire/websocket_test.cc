#include "wire/websocket.h"

#include <gtest/gtest.h>

namespace fumidai::wire {
namespace {

struct Received {
  Opcode opcode;
  std::string payload;
  friend bool operator==(Received const&, Received const&) = default;
};

// All messages of `bytes`, fed in pieces cut at `cut`; an error ends the list.
Result<std::vector<Received>> read_all(Side side, ByteView bytes, std::size_t cut,
                                       std::size_t most = 1 << 20) {
  WebSocketReader reader(side, most);
  std::vector<Received> messages;
  for (auto part : {bytes.first(cut), bytes.subspan(cut)}) {
    reader.feed(part);
    for (;;) {
      TRY(auto message, reader.next());
      if (!message) break;
      messages.push_back({message->opcode, std::string(as_text(message->payload))});
    }
  }
  return messages;
}

Bytes frame(bool fin, int opcode, std::string_view payload) {
  FrameHeader header{.fin = fin, .opcode = static_cast<Opcode>(opcode), .length = payload.size()};
  Bytes bytes(FrameHeader::kMostBytes);
  bytes.resize(header.write(bytes.data()));
  auto text = as_bytes(payload);
  bytes.insert(bytes.end(), text.begin(), text.end());
  return bytes;
}

Bytes operator+(Bytes a, Bytes const& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(WebSocket, messages_survive_any_cut) {
  auto bytes = encode_frame(Side::client, Opcode::text, as_bytes("hello")) +
               encode_frame(Side::client, Opcode::ping, as_bytes("keepalive")) +
               encode_frame(Side::client, Opcode::binary, Bytes(300, 'x')) +
               encode_frame(Side::client, Opcode::binary, {});
  std::vector<Received> expected{{Opcode::text, "hello"},
                                 {Opcode::ping, "keepalive"},
                                 {Opcode::binary, std::string(300, 'x')},
                                 {Opcode::binary, ""}};
  for (std::size_t cut = 0; cut <= bytes.size(); cut++) {
    auto messages = read_all(Side::server, bytes, cut);
    ASSERT_TRUE(messages) << "cut at " << cut;
    EXPECT_EQ(*messages, expected) << "cut at " << cut;
  }
}

TEST(WebSocket, fragments_become_one_message_with_control_frames_between) {
  auto bytes = frame(false, 2, "one ") + frame(true, 9, "ping") + frame(false, 0, "two ") +
               frame(true, 0, "three") + frame(true, 2, "next");
  std::vector<Received> expected{
      {Opcode::ping, "ping"}, {Opcode::binary, "one two three"}, {Opcode::binary, "next"}};
  for (std::size_t cut = 0; cut <= bytes.size(); cut++)
    EXPECT_EQ(*read_all(Side::client, bytes, cut), expected) << "cut at " << cut;
}

TEST(WebSocket, masks_each_byte_with_its_own_whatever_the_length) {
  constexpr std::uint32_t kMask = 0x01020304;
  for (std::size_t size = 0; size < 100; size++) {
    for (std::size_t offset = 0; offset < 4; offset++) {
      Bytes bytes(size, 0xf0);
      apply_mask(bytes, kMask, offset);
      for (std::size_t i = 0; i < size; i++)
        EXPECT_EQ(bytes[i], 0xf0 ^ (1 + (i + offset) % 4)) << size << " " << i;
    }
  }
}

// RFC 6455 section 5.7: a masked "Hello" as printed there.
TEST(WebSocket, reads_the_example_of_the_rfc) {
  auto bytes = *from_hex("818537fa213d7f9f4d5158");
  EXPECT_EQ(*read_all(Side::server, bytes, 0), (std::vector<Received>{{Opcode::text, "Hello"}}));
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocket, every_length_form_round_trips) {
  for (std::size_t length : {0, 1, 125, 126, 127, 65535, 65536, 100000}) {
    Bytes payload(length, 'y');
    auto messages = read_all(Side::client, encode_frame(Side::server, Opcode::binary, payload), 0);
    ASSERT_TRUE(messages);
    EXPECT_EQ((*messages)[0].payload.size(), length);
  }
}

TEST(WebSocket, a_message_may_reach_the_limit_and_not_pass_it_by_one) {
  auto exact = encode_frame(Side::server, Opcode::binary, Bytes(1000)),
       over = encode_frame(Side::server, Opcode::binary, Bytes(1001));
  EXPECT_TRUE(read_all(Side::client, exact, 0, 1000));
  EXPECT_EQ(read_all(Side::client, over, 0, 1000).error().code, Errc::too_large);
  EXPECT_TRUE(read_all(
      Side::client, frame(false, 2, std::string(600, 'a')) + frame(true, 0, std::string(400, 'b')), 0, 1000));
  EXPECT_EQ(read_all(Side::client,
                     frame(false, 2, std::string(600, 'a')) + frame(true, 0, std::string(401, 'b')), 0, 1000)
                .error()
                .code,
            Errc::too_large);
  // The length alone is enough: nobody waits for the payload of a frame that is too large.
  EXPECT_EQ(read_all(Side::client, ByteView(over).first(4), 0, 1000).error().code, Errc::too_large);
}

TEST(WebSocket, broken_frames_are_refused) {
  struct Row {
    char const* name;
    Side side;
    Bytes bytes;
  };
  Row rows[] = {
      {"unmasked from a client", Side::server, frame(true, 2, "x")},
      {"masked from a server", Side::client, encode_frame(Side::client, Opcode::binary, as_bytes("x"))},
      {"reserved bit", Side::client, *from_hex("c20178")},
      {"reserved opcode", Side::client, *from_hex("830178")},
      {"fragmented ping", Side::client, frame(false, 9, "x")},
      {"ping of 126 bytes", Side::client, frame(true, 9, std::string(126, 'x'))},
      {"continuation of nothing", Side::client, frame(true, 0, "x")},
      {"message inside a message", Side::client, frame(false, 2, "x") + frame(true, 2, "y")},
      {"length with the highest bit", Side::client, *from_hex("827fffffffffffffffff")},
  };
  for (auto const& row : rows) EXPECT_FALSE(read_all(row.side, row.bytes, 0)) << row.name;
}

TEST(WebSocket, close_reason_round_trips) {
  auto reason = parse_close(encode_close(1008, "bad token"));
  EXPECT_EQ(reason.code, 1008);
  EXPECT_EQ(reason.text, "bad token");
  EXPECT_EQ(parse_close({}).code, 1005);
}

}  // namespace
}  // namespace fumidai::wire
