#include <gtest/gtest.h>

#include <sstream>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/random.h"
#include "base/rsa.h"
#include "base/seal.h"
#include "base/uuid.h"

namespace fumidai {
namespace {

using namespace std::chrono;

TEST(Bytes, hex_and_base64_round_trip_every_length) {
  for (std::size_t length = 0; length < 70; length++) {
    auto bytes = random_bytes(length);
    EXPECT_EQ(*from_hex(to_hex(bytes)), bytes);
    EXPECT_EQ(*from_base64(to_base64(bytes)), bytes);
  }
}

TEST(Bytes, base64_refuses_what_is_not_base64) {
  for (auto text : {"a", "ab", "abc", "ab=c", "====", "a===", "ab!=", "YWJj\n", " YWJ", "YW J"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
  EXPECT_EQ(as_text(*from_base64("YWI=")), "ab");
}

TEST(Bytes, utf8_knows_overlong_surrogate_and_cut_sequences) {
  for (auto good : {"", "abc", "\xc3\xa9", "\xe8\xb8\x8f\xe3\x81\xbf", "\xf0\x9f\x98\x80", "\xed\x9f\xbf",
                    "\xee\x80\x80"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (auto bad : {"\x80", "\xc0\xaf", "\xc3", "\xe8\xb8", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                   "\xf0\x80\x80\x80", "\xff"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(Bytes, escaping_leaves_nothing_that_a_terminal_obeys) {
  EXPECT_EQ(escaped("a\x1b[31m\r\nb\\"), "a\\x1b[31m\\x0d\\x0ab\\x5c");
  EXPECT_EQ(escaped("abcdef", 3), "abc...");
  EXPECT_EQ(escaped("東"), "\\xe6\\x9d\\xb1");
}

TEST(Bytes, a_name_is_printed_in_its_own_script) {
  EXPECT_EQ(printable("踏み台 \\ Brücke 🌉"), "踏み台 \\ Brücke 🌉");
  EXPECT_EQ(printable("踏み台サーバー", 3), "踏み台...");
  EXPECT_EQ(printable("踏み台", 3), "踏み台");
}

TEST(Bytes, printing_leaves_nothing_that_a_terminal_obeys) {
  EXPECT_EQ(printable("a\x1b[31m\r\n\x7f"), "a\\x1b[31m\\x0d\\x0a\\x7f");
  EXPECT_EQ(printable("\xc2\x9b\x33\x31m\xc2\xa0"), "\\xc2\\x9b31m\xc2\xa0");          // C1's CSI; a space
  EXPECT_EQ(printable("\xe2\x80\xaetxt.exe"), "\\xe2\\x80\\xaetxt.exe");               // right to left
  EXPECT_EQ(printable("\xe2\x81\xa6\xe2\x81\xa9"), "\\xe2\\x81\\xa6\\xe2\\x81\\xa9");  // isolates
  EXPECT_EQ(printable("\xe2\x80\xaf\xe2\x81\xa5"), "\xe2\x80\xaf\xe2\x81\xa5");        // their neighbours
  EXPECT_EQ(printable("a\xff\xe6\x9d"), "a\\xff\\xe6\\x9d");
}

TEST(Digest, known_answers) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, test case 2.
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // RFC 5869, test case 3 with its zero salt and empty info.
  Secret master(std::string(22, '\x0b'));
  EXPECT_EQ(to_hex(as_bytes(derive_key(master, "", 42).reveal())),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Seal, opens_only_with_the_same_key_and_context) {
  auto key = random_secret(32), other = random_secret(32);
  auto sealed = seal(key, "plain text", "access-key A");
  EXPECT_EQ(open_sealed(key, sealed, "access-key A")->reveal(), "plain text");
  EXPECT_FALSE(open_sealed(key, sealed, "access-key B"));
  EXPECT_FALSE(open_sealed(other, sealed, "access-key A"));
  for (std::size_t i = 0; i < sealed.size(); i++) {
    auto altered = sealed;
    altered[i] ^= 1;
    EXPECT_FALSE(open_sealed(key, altered, "access-key A")) << "byte " << i;
    EXPECT_FALSE(open_sealed(key, sealed.substr(0, i), "access-key A"));
  }
}

TEST(Rsa, signature_verifies_only_for_its_message_and_key) {
  auto pair = generate_rsa_key(), stranger = generate_rsa_key();
  EXPECT_TRUE(check_rsa_public_key(pair.public_key));
  EXPECT_EQ(to_base64(as_bytes(pair.public_key)).size(), 392u);
  auto signature = *sign_pss(pair.private_key, "message");
  EXPECT_TRUE(verify_pss(pair.public_key, "message", signature));
  EXPECT_FALSE(verify_pss(pair.public_key, "another", signature));
  EXPECT_FALSE(verify_pss(stranger.public_key, "message", signature));
  EXPECT_FALSE(verify_pss("not a key", "message", signature));
  EXPECT_FALSE(check_rsa_public_key(pair.public_key + "x"));
}

TEST(Uuid, text_round_trips_and_random_ones_are_version_4) {
  auto text = "dd01e56b-ff48-483e-a508-b5f073f31b16";
  EXPECT_EQ(Uuid::parse(text)->text(), text);
  EXPECT_EQ(Uuid::random().text()[14], '4');
  for (auto bad : {"", "dd01e56bff48483ea508b5f073f31b16", "dd01e56b-ff48-483e-a508-b5f073f31b1g",
                   "dd01e56b-ff48-483e-a508-b5f073f31b166"}) {
    EXPECT_FALSE(Uuid::parse(bad)) << bad;
  }
}

TEST(Clock, forms_of_one_moment) {
  auto moment = *parse_time("2025-03-14T09:26:53.589Z");
  EXPECT_EQ(to_iso(moment), "2025-03-14T09:26:53.589Z");
  EXPECT_EQ(to_basic_iso(moment), "20250314T092653Z");
  EXPECT_EQ(to_http_date(moment), "Fri, 14 Mar 2025 09:26:53 GMT");
  EXPECT_EQ(*parse_basic_iso("20250314T092653Z"), moment - 589ms);
  EXPECT_EQ(*parse_http_date("Fri, 14 Mar 2025 09:26:53 -0000"), moment - 589ms);
  EXPECT_EQ(*parse_time("1741944413.589"), moment);
  EXPECT_EQ(*parse_time("1741944413.113"), moment - 476ms) << "the nearest millisecond";
  EXPECT_EQ(*parse_time("2025-03-14"), floor<days>(moment));
  EXPECT_EQ(to_iso_seconds(*parse_time("253402300798")), "9999-12-31T23:59:58Z");
}

TEST(Clock, refuses_times_that_are_none) {
  for (auto bad : {"", "yesterday", "2025-02-30T00:00:00Z", "2025-03-14T25:00:00Z", "2025-03-14T09:26:53",
                   "1e300", "nan", "253402300800", "-62167219201", "2025-03-14T09:26:53.Z"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
  EXPECT_FALSE(parse_basic_iso("20251314T092653Z"));
  EXPECT_FALSE(parse_http_date("Fri, 14 Xyz 2025 09:26:53 GMT"));
}

TEST(Secret, does_not_print) {
  std::ostringstream out;
  out << Secret("hunter2");
  EXPECT_EQ(out.str(), "(secret)");
  EXPECT_TRUE(Secret("a").equals("a"));
  EXPECT_FALSE(Secret("a").equals("b"));
}

TEST(Random, below_stays_below) {
  for (int i = 0; i < 1000; i++) EXPECT_LT(random_below(3), 3u);
  EXPECT_EQ(random_hex(17).size(), 17u);
}

}  // namespace
}  // namespace fumidai
