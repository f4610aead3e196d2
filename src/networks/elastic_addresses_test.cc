#include "networks/elastic_addresses.h"

#include "networks/interfaces.h"
#include "networks/nat_gateways.h"
#include "networks/test_state.h"

namespace fumidai::networks {
namespace {

struct Addresses : TwoVpcs {
  std::string allocation = allocate_address(state)->text(), second = allocate_address(state)->text();
  std::string interface = new_interface(subnet), second_interface = new_interface(second_subnet);

  std::string new_interface(std::string const& place, network::InterfaceOwner const& owner = {}) {
    return make_interface(state, {network::SubnetId(place), owner})->text();
  }
  // With an interface of its own.
  std::string new_instance(network::InstanceState now) {
    InstanceId id(new_id(kInstance));
    state.network.instances.put({id, network::InterfaceId(new_interface(subnet, id)), now});
    return id.text();
  }
  network::ElasticAddress const& stored(std::string const& id) {
    return *state.network.elastic_addresses.find(network::AllocationId(id));
  }
};

TEST(PublicAddresses, are_taken_from_the_pool_lowest_first) {
  Addresses setup;
  auto& state = setup.state;
  EXPECT_EQ(setup.stored(setup.allocation).address.text(), "203.0.113.10");
  EXPECT_EQ(setup.stored(setup.second).address.text(), "203.0.113.11");
  state.network.interfaces.find(network::InterfaceId(setup.interface))->auto_public_address =
      *take_public_address(state);
  EXPECT_EQ(take_public_address(state)->text(), "203.0.113.13");
  ASSERT_TRUE(release_address(state, setup.allocation));
  EXPECT_EQ(take_public_address(state)->text(), "203.0.113.10");
}

TEST(PublicAddresses, come_to_an_end) {
  Addresses setup;
  auto& state = setup.state;
  while (state.network.elastic_addresses.size() < kMostElasticAddresses) ASSERT_TRUE(allocate_address(state));
  EXPECT_EQ(code_of(allocate_address(state)), "AddressLimitExceeded");
  for (int i = 0; i < 145; i++) {
    auto interface = network::InterfaceId(setup.new_interface(setup.subnet));
    auto address = take_public_address(state);
    ASSERT_TRUE(address);
    state.network.interfaces.find(interface)->auto_public_address = *address;
  }
  EXPECT_EQ(code_of(take_public_address(state)), "InsufficientAddressCapacity");
}

TEST(ElasticAddresses, are_associated_moved_and_released) {
  Addresses setup;
  auto& state = setup.state;
  auto& interface = *state.network.interfaces.find(network::InterfaceId(setup.interface));
  interface.auto_public_address = *take_public_address(state);
  auto first = associate_address(state, {setup.allocation, {}, setup.interface});
  ASSERT_TRUE(first);
  EXPECT_EQ(state.network.public_address(interface)->text(), "203.0.113.10");
  EXPECT_FALSE(interface.auto_public_address);
  EXPECT_EQ(*associate_address(state, {setup.allocation, {}, setup.interface}), *first);
  EXPECT_EQ(address_with(state, first->text()), &setup.stored(setup.allocation));
  EXPECT_EQ(address_with(state, ""), nullptr);
  EXPECT_EQ(code_of(release_address(state, setup.allocation)), "InvalidIPAddress.InUse");

  auto moved = associate_address(state, {setup.allocation, {}, setup.second_interface, true});
  ASSERT_TRUE(moved);
  EXPECT_NE(*moved, *first);
  EXPECT_FALSE(state.network.public_address(interface));
  EXPECT_EQ(code_of(disassociate_address(state, first->text())), "InvalidAssociationID.NotFound");
  EXPECT_TRUE(disassociate_address(state, moved->text()));
  EXPECT_TRUE(release_address(state, setup.allocation));
  EXPECT_EQ(code_of(release_address(state, setup.allocation)), "InvalidAllocationID.NotFound");
}

TEST(ElasticAddresses, one_takes_the_place_of_another) {
  Addresses setup;
  auto& state = setup.state;
  ASSERT_TRUE(associate_address(state, {setup.allocation, {}, setup.interface}));
  EXPECT_EQ(code_of(associate_address(state, {setup.second, {}, setup.interface})),
            "Resource.AlreadyAssociated");
  EXPECT_TRUE(associate_address(state, {setup.second, {}, setup.interface, true}));
  EXPECT_FALSE(setup.stored(setup.allocation).interface);
  EXPECT_TRUE(release_address(state, setup.allocation));
}

TEST(ElasticAddresses, refuse_with_the_names_of_AWS) {
  using enum network::InstanceState;
  Addresses setup;
  auto& state = setup.state;
  auto of_nat = allocate_address(state)->text();
  ASSERT_TRUE(create_nat_gateway(state, {setup.subnet, of_nat}, at({})));
  auto nat_interface = setup.stored(of_nat).interface->text();
  ASSERT_TRUE(associate_address(state, {setup.allocation, {}, setup.interface}));
  struct {
    NewAddressAssociation wanted;
    std::string code;
  } const cases[] = {
      {{setup.second, {}, {}}, "MissingParameter"},
      {{setup.second, setup.new_instance(running), setup.interface}, "InvalidParameterCombination"},
      {{setup.second, setup.new_instance(running), {}}, ""},
      {{setup.second, setup.new_instance(stopped), {}}, ""},
      {{setup.second, setup.new_instance(pending), {}}, "IncorrectInstanceState"},
      {{setup.second, setup.new_instance(shutting_down), {}}, "IncorrectInstanceState"},
      {{setup.second, setup.new_instance(terminated), {}}, "IncorrectInstanceState"},
      {{setup.second, "i-0123456789abcdef0", {}}, "InvalidInstanceID.NotFound"},
      {{setup.second, "i-1", {}}, "InvalidInstanceID.Malformed"},
      {{setup.second, {}, "eni-0123456789abcdef0"}, "InvalidNetworkInterfaceID.NotFound"},
      {{setup.second, {}, setup.new_interface(setup.other_subnet)}, "Gateway.NotAttached"},
      {{setup.allocation, {}, setup.second_interface}, "Resource.AlreadyAssociated"},
      {{of_nat, {}, setup.second_interface}, "Resource.AlreadyAssociated"},
      {{of_nat, {}, setup.second_interface, true}, "OperationNotPermitted"},
      {{setup.second, {}, nat_interface, true}, "AuthFailure"},
      {{setup.second, {}, setup.new_interface(setup.subnet, network::NatGatewayId("nat-1"))}, "AuthFailure"},
      {{setup.second, {}, setup.new_interface(setup.subnet, network::InterfaceEndpointId("vpce-1"))},
       "AuthFailure"},
      {{setup.second, {}, setup.new_interface(setup.subnet, network::ConnectEndpointId("eice-1"))},
       "AuthFailure"},
      {{"eipalloc-0123456789abcdef0", {}, setup.interface}, "InvalidAllocationID.NotFound"},
      {{"eipalloc-", {}, setup.interface}, "InvalidAllocationID.NotFound"},
  };
  for (auto const& [wanted, code] : cases) {
    auto copy = state;
    EXPECT_EQ(code_of(associate_address(copy, wanted)), code) << wanted.instance << wanted.interface;
  }
  EXPECT_EQ(code_of(disassociate_address(state, setup.stored(of_nat).association.text())),
            "OperationNotPermitted");
  EXPECT_EQ(code_of(disassociate_address(state, "eipassoc-0123456789abcdef0")),
            "InvalidAssociationID.NotFound");
}

}  // namespace
}  // namespace fumidai::networks
