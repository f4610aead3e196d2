#include "wire/open_tunnel.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/bytes.h"
#include "wire/aws_response.h"
#include "wire/test_vectors.h"

namespace fumidai::wire {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kId = "eice-0123456789abcdef0";
TunnelTerms const kAny{{}, 30 * 24h}, kAws{{22, 3389}, 1h};

std::string target(std::string_view query) {
  return "/openTunnel?" + std::string(query);
}
std::string plain(std::string_view port = "22", std::string_view address = "10.0.1.5",
                  std::string_view more = "") {
  return target("instanceConnectEndpointId=" + std::string(kId) + "&remotePort=" + std::string(port) +
                "&privateIpAddress=" + std::string(address) + std::string(more));
}
std::string refusal(std::string_view text, TunnelTerms const& terms = kAny) {
  auto tunnel = parse_open_tunnel(text, terms);
  if (tunnel) return "accepted";
  EXPECT_EQ(tunnel.error().code, Errc::invalid);
  EXPECT_EQ(tunnel.error().aws, "InvalidParameter");
  return tunnel.error().detail;
}

TEST(OpenTunnel, reads_what_the_cli_sends) {
  auto tunnel = parse_open_tunnel(plain(), kAws);
  ASSERT_TRUE(tunnel) << tunnel.error().detail;
  EXPECT_EQ(*tunnel, (OpenTunnel{std::string(kId), 22, Address::parse("10.0.1.5").value(), 1h}));
  tunnel =
      parse_open_tunnel(plain("3389", "2001%3Adb8%3A%3A5", "&maxTunnelDuration=600&X-Amz-Expires=60"), kAws);
  ASSERT_TRUE(tunnel) << tunnel.error().detail;
  EXPECT_EQ(*tunnel, (OpenTunnel{std::string(kId), 3389, Address::parse("2001:db8::5").value(), 600s}));
}

TEST(OpenTunnel, reads_the_signed_vectors_in_any_order) {
  auto file = read_vectors("sigv4.json");
  int count = 0;
  for (auto const& vector : file.at("vectors").as_array()) {
    if (vector.at("protocol") != "openTunnel") continue;
    count++;
    std::string text(vector.at("request").at("target").as_string());
    auto tunnel = parse_open_tunnel(text, kAny);
    ASSERT_TRUE(tunnel) << text << ": " << tunnel.error().detail;
    EXPECT_TRUE(text.starts_with(open_tunnel_target(*tunnel))) << text;
    auto parts = split(std::string_view(text).substr(text.find('?') + 1), '&');
    std::reverse(parts.begin(), parts.end());
    std::string turned;
    for (auto part : parts) turned += (turned.empty() ? "" : "&") + std::string(part);
    auto again = parse_open_tunnel(target(turned), kAny);
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(*again, *tunnel);
  }
  EXPECT_GE(count, 3);
}

TEST(OpenTunnel, a_duration_is_an_hour_unless_it_is_named_or_longer_than_allowed) {
  EXPECT_EQ(parse_open_tunnel(plain(), kAny)->duration, 1h);
  EXPECT_EQ(parse_open_tunnel(plain(), {{}, 60s})->duration, 60s);
  EXPECT_EQ(parse_open_tunnel(plain("22", "10.0.1.5", "&maxTunnelDuration=1"), kAny)->duration, 1s);
  EXPECT_EQ(parse_open_tunnel(plain("22", "10.0.1.5", "&maxTunnelDuration=86400"), kAny)->duration, 24h);
  EXPECT_EQ(parse_open_tunnel(plain("22", "10.0.1.5", "&maxTunnelDuration=3600"), kAws)->duration, 1h);
}

TEST(OpenTunnel, e7_says_awss_sentence_about_ports) {
  auto why =
      "The specified RemotePort is not valid. Specify either 22 or 3389 as the RemotePort and retry your "
      "request.";
  EXPECT_EQ(refusal(plain("8080"), kAws), why);
  EXPECT_EQ(refusal(plain("8080")), "accepted");
  EXPECT_EQ(refusal(plain("0")),
            "The specified RemotePort is not valid. Specify a port from 1 to 65535 as the RemotePort and "
            "retry your request.");
}

TEST(OpenTunnel, refuses_bad_input_by_the_name_of_the_parameter) {
  struct {
    std::string text;
    char const* sentence;
  } const table[] = {
      {"/openTunnel", "instanceConnectEndpointId"},
      {"/openTunnel?", "instanceConnectEndpointId"},
      {"/opentunnel?" + plain().substr(12), "The path"},
      {"/openTunnel/?" + plain().substr(12), "The path"},
      {"//openTunnel?" + plain().substr(12), "The path"},
      {"", "The path"},
      {plain("22", "10.0.1.5", "&remotePort=22"), "remotePort is given more than once"},
      {plain("22", "10.0.1.5", "&remotePor%74=23"), "remotePort is given more than once"},
      {plain("22", "10.0.1.5", "&privateIpAddress=10.0.1.6"), "privateIpAddress is given more than once"},
      {plain("22", "10.0.1.5", "&X-Amz-Date=1&X-Amz-Date=2"), "X-Amz-Date is given more than once"},
      {plain("22", "10.0.1.5", "&x=%zz"), "does not decode"},
      {target("instanceConnectEndpointId=eice-1&remotePort=22&privateIpAddress=10.0.1.5"), "eice-1"},
      {target("instanceConnectEndpointId=i-0123456789abcdef0&remotePort=22&privateIpAddress=10.0.1.5"),
       "i-0"},
      {target("instanceConnectEndpointId=eice-0123456789ABCDEF0&remotePort=22&privateIpAddress=10.0.1.5"),
       "eice-0"},
      {target("remotePort=22&privateIpAddress=10.0.1.5"), "instanceConnectEndpointId"},
      {target("instanceConnectEndpointId=" + std::string(kId) + "&privateIpAddress=10.0.1.5"), "remotePort"},
      {target("instanceConnectEndpointId=" + std::string(kId) + "&remotePort=22"), "privateIpAddress"},
      {plain(""), "remotePort"},
      {plain("65536"), "RemotePort"},
      {plain("-22"), "RemotePort"},
      {plain("+22"), "RemotePort"},
      {plain("022"), "RemotePort"},
      {plain("22%20"), "RemotePort"},
      {plain("22%00"), "RemotePort"},
      {plain("0x16"), "RemotePort"},
      {plain("18446744073709551638"), "RemotePort"},
      {plain("22", "10.0.1"), "PrivateIpAddress"},
      {plain("22", "10.0.1.05"), "PrivateIpAddress"},
      {plain("22", "10.0.1.5/32"), "PrivateIpAddress"},
      {plain("22", "167772421"), "PrivateIpAddress"},
      {plain("22", "localhost"), "PrivateIpAddress"},
      {plain("22", "%3A%3Affff%3A10.0.1.5"), "PrivateIpAddress"},
      {plain("22", "fe80%3A%3A1%25eth0"), "PrivateIpAddress"},
      {plain("22", "%5B2001%3Adb8%3A%3A5%5D"), "PrivateIpAddress"},
      {plain("22", "0.0.0.0"), "PrivateIpAddress"},
      {plain("22", "255.255.255.255"), "PrivateIpAddress"},
      {plain("22", "224.0.0.1"), "PrivateIpAddress"},
      {plain("22", "%3A%3A"), "PrivateIpAddress"},
      {plain("22", "ff02%3A%3A1"), "PrivateIpAddress"},
      {plain("22", "10.0.1.5", "&maxTunnelDuration=0"), "MaxTunnelDuration"},
      {plain("22", "10.0.1.5", "&maxTunnelDuration="), "MaxTunnelDuration"},
      {plain("22", "10.0.1.5", "&maxTunnelDuration=-1"), "MaxTunnelDuration"},
      {plain("22", "10.0.1.5", "&maxTunnelDuration=1.5"), "MaxTunnelDuration"},
      {plain("22", "10.0.1.5", "&maxTunnelDuration=2592001"), "MaxTunnelDuration"},
      {plain("22", "10.0.1.5", "&maxTunnelDuration=99999999999999999999"), "MaxTunnelDuration"},
  };
  for (auto const& [text, sentence] : table) {
    auto why = refusal(text);
    EXPECT_NE(why.find(sentence), std::string::npos) << text << ": " << why;
  }
  EXPECT_NE(refusal(plain("22", "10.0.1.5", "&maxTunnelDuration=3601"), kAws).find("from 1 to 3600"),
            std::string::npos);
}

TEST(OpenTunnel, is_refused_in_the_form_that_the_cli_prints) {
  struct {
    Error error;
    unsigned status;
    char const* code;
  } const table[] = {
      {parse_open_tunnel("/openTunnel", kAws).error(), 400, "InvalidParameter"},
      {no_such_endpoint(kId), 400, "ResourceNotFound"},
      {{Errc::denied, "User: x is not authorized", "AccessDenied"}, 403, "AccessDenied"},
      {{Errc::denied, "no"}, 403, "AccessDenied"},
      {auth_error(AuthFault::mismatch, Protocol::tunnel), 403, "SignatureDoesNotMatch"},
      {auth_error(AuthFault::unknown_key, Protocol::tunnel), 403, "InvalidClientTokenId"},
      {auth_error(AuthFault::token_expired, Protocol::tunnel), 403, "ExpiredToken"},
      {auth_error(AuthFault::presigned_expired, Protocol::tunnel), 403, "RequestExpired"},
      {auth_error(AuthFault::missing, Protocol::tunnel), 403, "MissingAuthenticationToken"},
      {auth_error(AuthFault::incomplete, Protocol::tunnel), 403, "IncompleteSignature"},
      {too_many_connections(kId), 429, "TooManyConnections"},
      {target_unreachable("Nobody listens on tcp 22."), 504, "TargetUnreachable"},
      {{Errc::invalid, "no"}, 400, "InvalidParameter"},
      {{Errc::system, "a secret of ours"}, 500, "InternalError"},
  };
  for (auto const& [error, status, code] : table) {
    auto response = error_response(error, Protocol::tunnel, "a-request", Time());
    EXPECT_EQ(response.status, status) << code;
    EXPECT_EQ(response.headers.find("x-amzn-RequestId"), "a-request");
    auto body = parse_json(response.body)->as_object();
    EXPECT_EQ(body.size(), 2u) << response.body;
    EXPECT_EQ(body.at("ErrorCode"), code);
    EXPECT_FALSE(body.at("Message").as_string().empty());
    EXPECT_EQ(response.body.find("secret of ours"), std::string::npos);
  }
}

TEST(TunnelEnd, has_a_code_and_a_reason_that_fits_a_close_frame) {
  EXPECT_EQ(code_of(TunnelEnd::target_closed), 1000);
  EXPECT_EQ(close_reason(TunnelEnd::target_closed).text, "");
  EXPECT_EQ(duration_reached(600s).code, 1008);
  EXPECT_EQ(duration_reached(600s).text, "Maximum tunnel duration of 600 seconds reached");
  EXPECT_EQ(close_reason(TunnelEnd::target_unreachable, "refused by 10.0.1.5").text, "refused by 10.0.1.5");
  for (auto end :
       {TunnelEnd::duration_reached, TunnelEnd::policy, TunnelEnd::target_lost, TunnelEnd::target_unreachable,
        TunnelEnd::endpoint_lost, TunnelEnd::revoked, TunnelEnd::endpoint_deleted, TunnelEnd::plane_stops,
        TunnelEnd::protocol_error, TunnelEnd::too_large}) {
    auto reason = close_reason(end);
    EXPECT_NE(reason.code, 1000);
    EXPECT_FALSE(reason.text.empty());
    EXPECT_LE(reason.text.size(), 123u);
  }
  EXPECT_EQ(close_reason(TunnelEnd::policy, std::string(500, 'x')).text.size(), 123u);
  std::string wide;
  for (int i = 0; i < 100; i++) wide += "\xC3\xA9";
  EXPECT_EQ(close_reason(TunnelEnd::policy, wide).text, wide.substr(0, 122));
  EXPECT_EQ(close_reason(TunnelEnd::policy, std::string(200, '\x80')).text, "");
}

TEST(EmptyFrames, end_the_input_once_when_there_are_too_many_in_a_row) {
  using enum EmptyFrames::Step;
  EmptyFrames frames;
  for (int i = 0; i < EmptyFrames::kMost - 1; i++) EXPECT_EQ(frames.take(0), pass_over);
  EXPECT_EQ(frames.take(5), forward);
  for (int i = 0; i < EmptyFrames::kMost - 1; i++) EXPECT_EQ(frames.take(0), pass_over);
  EXPECT_FALSE(frames.is_over());
  EXPECT_EQ(frames.take(0), half_close);
  EXPECT_TRUE(frames.is_over());
  for (int i = 0; i < 100'000; i++) ASSERT_EQ(frames.take(0), pass_over);
  EXPECT_EQ(frames.take(5), pass_over) << "the target was told that no more comes";
}

}  // namespace
}  // namespace fumidai::wire
