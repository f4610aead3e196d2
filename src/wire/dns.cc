#include "wire/dns.h"

#include <algorithm>

namespace fumidai::wire {

namespace {

constexpr std::uint16_t kTypeA = 1, kClassInternet = 1;
constexpr std::size_t kMostName = 253, kMostLabel = 63;

void put_u16(Bytes& bytes, std::uint16_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  bytes.push_back(static_cast<std::uint8_t>(value));
}

Error cut_short() {
  return {Errc::malformed, "a DNS message that ends too early"};
}

class Reader {
 public:
  explicit Reader(ByteView bytes) : left_(bytes) {}

  Result<ByteView> take(std::size_t count) {
    if (left_.size() < count) return cut_short();
    auto taken = left_.first(count);
    left_ = left_.subspan(count);
    return taken;
  }
  Result<std::uint16_t> u16() {
    TRY(auto bytes, take(2));
    return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
  }
  // Names are not needed, only their ends: a pointer (section 4.1.4) ends one too.
  Result<void> skip_name() {
    for (;;) {
      TRY(auto length, take(1));
      if (length[0] == 0) return success();
      if ((length[0] & 0xc0) == 0xc0) {
        CHECK(take(1));
        return success();
      }
      if (length[0] > kMostLabel) return Error{Errc::malformed, "a DNS label of an unknown kind"};
      CHECK(take(length[0]));
    }
  }

 private:
  ByteView left_;
};

Result<void> check_header(std::uint16_t id, std::uint16_t answered, std::uint16_t flags) {
  bool is_answer = (flags & 0x8000) != 0;
  if (answered != id || !is_answer) return Error{Errc::conflict, "a DNS message that answers something else"};
  switch (flags & 0xf) {
    case 0: return success();
    case 3: return Error{Errc::not_found, "there is no such name"};
    default: return Error{Errc::unavailable, "the name server refuses: code " + std::to_string(flags & 0xf)};
  }
}

}  // namespace

Result<Bytes> encode_dns_question(std::uint16_t id, std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  Error no_name{Errc::invalid, "'" + std::string(name) + "' is not a domain name"};
  if (name.empty() || name.size() > kMostName) return no_name;
  Bytes bytes;
  for (auto field :
       {id, std::uint16_t{0x0100}, std::uint16_t{1}, std::uint16_t{0}, std::uint16_t{0}, std::uint16_t{0}}) {
    put_u16(bytes, field);
  }
  while (!name.empty()) {
    auto label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > kMostLabel) return no_name;
    bytes.push_back(static_cast<std::uint8_t>(label.size()));
    bytes.insert(bytes.end(), label.begin(), label.end());
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  bytes.push_back(0);
  put_u16(bytes, kTypeA);
  put_u16(bytes, kClassInternet);
  return bytes;
}

Result<std::vector<Address>> parse_dns_answer(std::uint16_t id, ByteView message) {
  Reader reader(message);
  TRY(auto answered, reader.u16());
  TRY(auto flags, reader.u16());
  TRY(auto questions, reader.u16());
  TRY(auto answers, reader.u16());
  CHECK(reader.take(4));  // authorities and additional records
  CHECK(check_header(id, answered, flags));
  for (int i = 0; i < questions; i++) {
    CHECK(reader.skip_name());
    CHECK(reader.take(4));
  }
  std::vector<Address> addresses;
  for (int i = 0; i < answers; i++) {
    CHECK(reader.skip_name());
    TRY(auto type, reader.u16());
    CHECK(reader.take(6));  // class and time to live
    TRY(auto size, reader.u16());
    TRY(auto data, reader.take(size));
    if (type != kTypeA || size != 4) continue;
    Address address;
    std::ranges::copy(data, address.bytes.begin());
    addresses.push_back(address);
  }
  return addresses;
}

}  // namespace fumidai::wire
