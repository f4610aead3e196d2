#include "wire/http.h"

#include <gtest/gtest.h>

#include "wire/url.h"

namespace fumidai::wire {
namespace {

constexpr std::string_view kPost =
    "POST /a/b?x=1 HTTP/1.1\r\nHost: example:8443\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nX-A: "
    "1\r\nx-a: 2\r\n\r\nhello";

TEST(Http, a_request_survives_any_cut) {
  for (std::size_t cut = 0; cut <= kPost.size(); cut++) {
    HttpRequestReader reader;
    auto first = reader.feed(as_bytes(kPost.substr(0, cut)));
    ASSERT_TRUE(first) << cut;
    std::string rest(kPost.substr(*first));
    ASSERT_TRUE(reader.feed(as_bytes(rest))) << cut;
    ASSERT_TRUE(reader.is_done()) << cut;
    auto request = reader.take();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path(), "/a/b");
    EXPECT_EQ(request.query(), "x=1");
    EXPECT_EQ(request.body, "hello");
    EXPECT_EQ(request.headers.all("X-A"), (std::vector<std::string_view>{"1", "2"}));
  }
}

TEST(Http, chunked_bodies_arrive_whole) {
  HttpRequestReader reader;
  std::string_view text =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\nGET";
  auto used = reader.feed(as_bytes(text));
  ASSERT_TRUE(used);
  EXPECT_EQ(*used, text.size() - 3);
  ASSERT_TRUE(reader.is_done());
  EXPECT_EQ(reader.take().body, "abcdefg");
}

TEST(Http, limits_hold_for_head_and_body) {
  auto with_header = [](std::size_t length) {
    return "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(length, 'a') + "\r\n\r\n";
  };
  HttpLimits limits{.head = 200, .body = 10};
  HttpRequestReader fits(limits), over(limits);
  EXPECT_TRUE(fits.feed(as_bytes(with_header(100))));
  EXPECT_EQ(over.feed(as_bytes(with_header(300))).error().code, Errc::too_large);
  HttpRequestReader body_over(limits), chunk_over(limits);
  EXPECT_EQ(body_over.feed(as_bytes("POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n")).error().code,
            Errc::too_large);
  EXPECT_FALSE(chunk_over.feed(
      as_bytes("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nabcdefghijk\r\n0\r\n\r\n")));
}

TEST(Http, nonsense_is_malformed) {
  for (auto text : {"\x16\x03\x01\x02", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
                    "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                    "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                    "GET / HTTP/1.1\r\nBad Name: x\r\n\r\n"}) {
    HttpRequestReader reader;
    auto used = reader.feed(as_bytes(text));
    EXPECT_FALSE(used && reader.is_done()) << escaped(text);
  }
}

TEST(Http, a_response_round_trips) {
  HttpResponse response;
  response.status = 403;
  response.headers = {{"Content-Type", "text/xml"}};
  response.body = "<Error/>";
  HttpResponseReader reader;
  ASSERT_TRUE(reader.feed(as_bytes(encode(response))));
  auto parsed = reader.take();
  EXPECT_EQ(parsed.status, 403u);
  EXPECT_EQ(parsed.body, "<Error/>");
}

TEST(Http, upgrade_needs_both_headers) {
  HttpRequest request;
  request.method = "GET";
  request.headers = {{"Connection", "keep-alive, Upgrade"}, {"Upgrade", "websocket"}};
  EXPECT_TRUE(request.is_websocket_upgrade());
  request.headers = {{"Upgrade", "websocket"}};
  EXPECT_FALSE(request.is_websocket_upgrade());
}

TEST(Url, parts_and_refusals) {
  auto url = *parse_url("WSS://Example.org:8443/v1/x?role=a");
  EXPECT_EQ(url.scheme, "wss");
  EXPECT_EQ(url.host, "example.org");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.target, "/v1/x?role=a");
  EXPECT_EQ(url.authority(), "example.org:8443");
  EXPECT_EQ(parse_url("https://[::1]:9/")->host, "::1");
  EXPECT_EQ(parse_url("https://h")->authority(), "h");
  EXPECT_EQ(parse_url("https://h?x=1")->target, "/?x=1");
  for (auto bad : {"", "h:80", "ftp://h/", "https://", "https://u@h/", "https://h:99999/", "https://h/a b",
                   "https://h/#f", "https://[::1/", "https://a\nb/"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
}

TEST(Url, percent_encoding_round_trips_every_byte) {
  std::string all;
  for (int c = 0; c < 256; c++) all += static_cast<char>(c);
  EXPECT_EQ(*percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("a/b c~", "/"), "a/b%20c~");
  EXPECT_EQ(*percent_decode("a+b%2B", Plus::is_blank), "a b+");
  EXPECT_FALSE(percent_decode("%4"));
  EXPECT_FALSE(percent_decode("%zz"));
}

TEST(Url, host_and_port) {
  EXPECT_EQ(parse_host_port("[::1]:80")->host, "::1");
  EXPECT_EQ(to_string(*parse_host_port("[::1]:80")), "[::1]:80");
  EXPECT_EQ(parse_host_port(":80")->host, "");
  EXPECT_FALSE(parse_host_port("127.0.0.1"));
  EXPECT_FALSE(parse_host_port("127.0.0.1:x"));
}

}  // namespace
}  // namespace fumidai::wire
