#include "network/drawing.h"

#include "network/walkthrough.h"

namespace fumidai::network {
namespace {

TEST(Drawing, shows_what_is_where) {
  auto network = with_nat();
  auto names = [](std::string const& id) {
    return id == "i-bastion" ? std::string("front\ndoor") : std::string();
  };
  auto text = draw(network, names);
  EXPECT_NE(text.find("vpc-lab 10.0.0.0/16\n"), text.npos);
  EXPECT_NE(text.find("subnet-public 10.0.0.0/24 us-east-1a public"), text.npos);
  EXPECT_NE(text.find("0.0.0.0/0 ▶ nat-lab"), text.npos);
  EXPECT_NE(text.find("10.0.1.20"), text.npos);
  EXPECT_NE(text.find("running, agent connected"), text.npos);
  EXPECT_NE(text.find("front\\x0adoor (i-bastion)"), text.npos) << text;
}

TEST(Drawing, shows_names_in_their_own_script) {
  auto text = draw(walkthrough(), [](auto& id) { return id == "i-bastion" ? "踏み台" : ""; });
  EXPECT_NE(text.find("踏み台 (i-bastion)"), text.npos) << text;
}

TEST(Drawing, shows_connect_endpoints) {
  auto text = draw(with_connect_endpoint(), [](auto&) { return std::string(); });
  EXPECT_NE(text.find("eice-lab instance connect create-complete"), text.npos) << text;
}

TEST(Drawing, marks_a_route_that_leads_nowhere) {
  auto network = with_nat();
  network.nat_gateways.find(kNat)->state = NatState::deleted;
  EXPECT_NE(draw(network, [](auto&) { return std::string(); }).find("nat-lab (blackhole)"),
            std::string::npos);
}

}  // namespace
}  // namespace fumidai::network
