#include "wire/proxy.h"

#include <gtest/gtest.h>

namespace fumidai::wire {
namespace {

constexpr char const* kProxy = "http://proxy.example:3128";

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

}  // namespace
}  // namespace fumidai::wire
