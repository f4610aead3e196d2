#include "wire/dns.h"

#include <gtest/gtest.h>

namespace fumidai::wire {
namespace {

// As dnsmasq 2.90 answers for ssm.us-east-1.amazonaws.com with two addresses: the question, then records that
// point at its name.
Bytes answer() {
  auto bytes = encode_dns_question(0x1234, "ssm.us-east-1.amazonaws.com").value();
  bytes[2] = 0x85, bytes[3] = 0x80, bytes[7] = 2;
  for (std::uint8_t last : {101, 102}) {
    for (std::uint8_t byte : {0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 0, 1, int{last}})
      bytes.push_back(byte);
  }
  return bytes;
}

TEST(Dns, a_question_is_a_header_and_labels) {
  auto bytes = encode_dns_question(0x1234, "a.bc.").value();
  EXPECT_EQ(bytes, (Bytes{0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 2, 'b', 'c', 0, 0, 1, 0, 1}));
}

TEST(Dns, what_is_no_name_is_refused) {
  for (auto& name : {std::string(), std::string("a..b"), std::string(64, 'a'), std::string(254, 'a')}) {
    EXPECT_EQ(encode_dns_question(1, name).error().code, Errc::invalid) << name;
  }
}

TEST(Dns, an_answer_has_all_addresses) {
  auto addresses = parse_dns_answer(0x1234, answer());
  ASSERT_TRUE(addresses);
  ASSERT_EQ(addresses->size(), 2);
  EXPECT_EQ(addresses->back().text(), "10.0.1.102");
}

TEST(Dns, any_cut_is_malformed) {
  auto whole = answer();
  for (std::size_t cut = 0; cut < whole.size(); cut++) {
    EXPECT_EQ(parse_dns_answer(0x1234, ByteView(whole).first(cut)).error().code, Errc::malformed) << cut;
  }
}

TEST(Dns, answers_to_others_and_refusals_are_told_apart) {
  EXPECT_EQ(parse_dns_answer(1, answer()).error().code, Errc::conflict);
  auto refusal = answer();
  refusal[3] = 0x83;
  EXPECT_EQ(parse_dns_answer(0x1234, refusal).error().code, Errc::not_found);
  refusal[3] = 0x85;
  EXPECT_EQ(parse_dns_answer(0x1234, refusal).error().code, Errc::unavailable);
}

}  // namespace
}  // namespace fumidai::wire
