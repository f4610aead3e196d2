#include "wire/proxy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace fumidai::wire {
namespace {

constexpr char const* kProxy = "http://proxy.example:3128";

// Up to a dozen of the pieces, or of any bytes, in a row.
class Generator {
 public:
  explicit Generator(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

  std::string text() {
    std::string made;
    for (auto count = random_() % 12; count > 0; count--) made += piece();
    return made;
  }

 private:
  std::string piece() {
    if (random_() % 8 == 0) return std::string(1, static_cast<char>(random_() % 256));
    return pieces_[random_() % pieces_.size()];
  }

  std::vector<std::string> pieces_;
  std::mt19937 random_{1};
};

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool is_direct(std::string const& url, std::string const& no_proxy) {
  auto proxy = proxy_for(parse_url(url).value(), {Secret(kProxy), no_proxy});
  EXPECT_TRUE(proxy) << proxy.error().detail;
  return !*proxy;
}

TEST(Proxy, what_is_not_excepted_goes_through_it) {
  for (char const* url : {"https://plane.example", "https://plane.example:8443/x", "wss://10.0.1.4/"})
    EXPECT_FALSE(is_direct(url, "")) << url;
  auto none = proxy_for(parse_url("https://plane.example").value(), {});
  EXPECT_FALSE(none.value());
}

TEST(Proxy, what_is_in_the_clear_or_on_this_machine_does_not) {
  for (char const* url : {"http://plane.example", "ws://plane.example", "https://localhost:8443",
                          "https://127.0.0.1:8443", "https://127.1.2.3", "https://[::1]:8443"})
    EXPECT_TRUE(is_direct(url, "")) << url;
  EXPECT_FALSE(is_direct("https://localhost.example", ""));
}

TEST(Proxy, exceptions_are_names_with_all_below_them_addresses_blocks_or_all) {
  struct Case {
    char const *url, *no_proxy;
    bool is_direct;
  };
  for (auto const& each :
       {Case{"https://plane.example", "plane.example", true},
        Case{"https://plane.example", "x.test, PLANE.example", true},
        Case{"https://plane.example", "x.test plane.example", true},
        Case{"https://a.plane.example", "plane.example", true},
        Case{"https://plane.example", ".example", true},
        Case{"https://plane.example", ".plane.example", true},
        Case{"https://plane.example", "lane.example", false},
        Case{"https://plane.example", "a.plane.example", false},
        Case{"https://plane.example", "plane.example.org", false}, Case{"https://plane.example", "*", true},
        Case{"https://plane.example", ",. ,", false}, Case{"https://10.0.1.4", "10.0.1.4", true},
        Case{"https://10.0.1.4", "10.0.0.0/16", true}, Case{"https://10.0.1.4", "10.1.0.0/16", false},
        Case{"https://10.0.1.4", "1.4", false}, Case{"https://[fd00::4]:8443", "[fd00::4]", true},
        Case{"https://[fd00::4]:8443", "fd00::/64", true}})
    EXPECT_EQ(is_direct(each.url, each.no_proxy), each.is_direct) << each.url << " " << each.no_proxy;
}

TEST(Proxy, is_asked_for_a_connection_to_the_host_and_its_port) {
  auto url = parse_url("https://plane.example/x").value();
  auto proxy = proxy_for(url, {Secret(kProxy), ""}).value().value();
  EXPECT_EQ(proxy.name(), kProxy);
  EXPECT_EQ(connect_request(proxy, url),
            "CONNECT plane.example:443 HTTP/1.1\r\nHost: plane.example:443\r\n\r\n");
}

TEST(Proxy, is_told_a_user_and_a_password_that_nobody_else_sees) {
  auto url = parse_url("https://[fd00::4]:8443/").value();
  for (char const* text : {"http://hana:p%40ss@proxy.example:3128", "hana:p%40ss@proxy.example:3128/"}) {
    auto proxy = proxy_for(url, {Secret(text), ""}).value().value();
    EXPECT_EQ(proxy.name(), kProxy);
    EXPECT_EQ(connect_request(proxy, url),
              "CONNECT [fd00::4]:8443 HTTP/1.1\r\nHost: [fd00::4]:8443\r\n"
              "Proxy-Authorization: Basic aGFuYTpwQHNz\r\n\r\n");
  }
}

TEST(Proxy, of_another_kind_is_told_and_its_password_is_not) {
  auto url = parse_url("https://plane.example").value();
  for (char const* text :
       {"socks5://hana:hush@proxy", "https://hana:hush@proxy", "http://hana:hush@pro xy",
        "http://hana:hush@proxy:port", "http://hana:hush%@proxy", "http://hana:hush/@proxy",
        "http://hana:1234/hush@proxy:3128", "hana:1234/@proxy", "hana:hush://@proxy", "http://hana:hush@"}) {
    auto proxy = proxy_for(url, {Secret(text), ""});
    ASSERT_FALSE(proxy) << text;
    EXPECT_EQ(proxy.error().detail.find("hush"), std::string::npos) << proxy.error().detail;
    EXPECT_EQ(proxy.error().detail.find("1234"), std::string::npos) << proxy.error().detail;
  }
}

TEST(Proxy, lets_through_with_any_200_and_says_why_not) {
  for (char const* head : {"HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.0 200\r\nVia: x\r\n\r\n"})
    EXPECT_TRUE(judge_connect_answer(head)) << head;
  struct Case {
    char const *head, *words;
  };
  for (auto const& each : {Case{"HTTP/1.1 403 Forbidden\r\n\r\n", "it answered 403 Forbidden; or name the"},
                           Case{"HTTP/1.1 407 Who?\r\n\r\n", "HTTPS_PROXY=http://USER:PASSWORD@"},
                           Case{"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not answer as an HTTP proxy"},
                           Case{"HTTP/1.1 OK\r\n\r\n", "not answer as an HTTP proxy"},
                           Case{"HTTP/1.", "not answer as an HTTP proxy"},
                           Case{"HTTP/1.\r\n\r\n", "not answer as an HTTP proxy"},
                           Case{"HTTP/1.1\r\n\r\n", "not answer as an HTTP proxy"},
                           Case{"HTTP/1.1 \r\n\r\n", "not answer as an HTTP proxy"},
                           Case{"HTTP/1.1 20\r\n\r\n", "not answer as an HTTP proxy"},
                           Case{"\r\n\r\n", "not answer as an HTTP proxy"}}) {
    auto judged = judge_connect_answer(each.head);
    ASSERT_FALSE(judged) << each.head;
    EXPECT_NE(judged.error().detail.find(each.words), std::string::npos) << judged.error().detail;
  }
}

TEST(Proxy, of_any_text_is_a_host_or_an_error_that_repeats_no_password) {
  auto url = parse_url("https://plane.example").value();
  Generator generator({"hush", "hush", "@", "@proxy:3128", ":", "/", "://", "http://", "[", "]", "?", "#",
                       "%", "%40", "1234", " "});
  int understood = 0;
  for (int i = 0; i < 20'000; i++) {
    std::string scheme[] = {"", "http://", "socks5://", "https://"};
    auto text = scheme[i % 4] + "hana:" + generator.text();
    auto proxy = proxy_for(url, {Secret(text), ""});
    if (!proxy) {
      EXPECT_EQ(proxy.error().code, Errc::invalid);
      EXPECT_TRUE(is_printable(proxy.error().detail)) << text;
      EXPECT_EQ(proxy.error().detail.find("hush"), std::string::npos) << text;
      continue;
    }
    auto const& found = proxy->value();
    auto at = text.rfind('@');
    if (at != text.npos && text.find("hush", at) == text.npos) {
      EXPECT_EQ(found.name().find("hush"), std::string::npos) << text;
      understood++;
    }
    auto request = connect_request(found, url);
    auto line_count = std::ranges::count(request, '\n');
    EXPECT_EQ(line_count, found.authorization.empty() ? 3 : 4) << text;
  }
  EXPECT_GT(understood, 100) << "the pieces no longer make proxies with passwords";
}

TEST(Proxy, exceptions_may_be_any_text) {
  Generator generator(
      {"*", ".", ",", " ", "[", "]", "/", "10.0.0.0/8", "plane", ".example", "::", "fd00::/64"});
  for (int i = 0; i < 20'000; i++) {
    auto no_proxy = generator.text();
    for (char const* url : {"https://plane.example", "https://10.0.1.4", "https://[fd00::4]"})
      is_direct(url, no_proxy);
  }
}

TEST(Proxy, may_answer_with_any_text) {
  Generator generator({"HTTP/1.", "HTTP/1.1 ", "1 ", "200", "407", "2", " ", "OK", "\r\n", "\r", "\n"});
  int granted = 0;
  for (int i = 0; i < 20'000; i++) {
    auto head = generator.text();
    auto judged = judge_connect_answer(head);
    if (judged) {
      EXPECT_TRUE(head.starts_with("HTTP/1.") && head.substr(8, 2) == " 2") << head;
      granted++;
    } else {
      EXPECT_TRUE(is_printable(judged.error().detail)) << judged.error().detail;
    }
  }
  EXPECT_GT(granted, 20) << "the pieces no longer make answers";
}

}  // namespace
}  // namespace fumidai::wire
