#include "lab/firewall.h"

#include <nftables/libnftables.h>
#include <sched.h>

#include <memory>
#include <optional>
#include <thread>

#include "lab/ruleset.h"

namespace fumidai::lab {

namespace {

// Talks to the namespace of the thread that makes it.
Result<std::string> run_nft(std::string const& commands) {
  std::unique_ptr<nft_ctx, decltype(&nft_ctx_free)> nft(nft_ctx_new(NFT_CTX_DEFAULT), nft_ctx_free);
  if (!nft) return Error{Errc::unsupported, "nftables does not start"};
  nft_ctx_buffer_output(nft.get());
  nft_ctx_buffer_error(nft.get());
  nft_ctx_output_set_flags(nft.get(), NFT_CTX_OUTPUT_NUMERIC_PRIO | NFT_CTX_OUTPUT_NUMERIC_PROTO);
  if (nft_run_cmd_from_buffer(nft.get(), commands.c_str()) != 0) {
    return Error{Errc::system, std::string("nftables refuses: ") + nft_ctx_get_error_buffer(nft.get())};
  }
  return std::string(nft_ctx_get_output_buffer(nft.get()));
}

std::string table() {
  return "table ip " + std::string(kNftTable);
}

Result<std::string> list_here() {
  TRY(auto tables, run_nft("list tables"));
  if (tables.find(table() + "\n") == tables.npos) return std::string();
  return run_nft("list " + table());
}

Result<void> replace_here(std::string const& ruleset) {
  // Made first so that it is there to be deleted.
  TRY(auto silence, run_nft(table() + "\ndelete " + table() + "\n" + ruleset));
  static_cast<void>(silence);
  return success();
}

}  // namespace

Result<std::string> Firewall::listed(SpaceHandle const& space) {
  std::string listing;
  CHECK(within(space, [&]() -> Result<void> {
    TRY(listing, list_here());
    return success();
  }));
  return listing;
}

Result<std::string> Firewall::would_list(std::string const& ruleset) {
  if (ruleset.empty()) return std::string();
  if (auto found = known_.find(ruleset); found != known_.end()) {
    found->second.is_used = true;
    return found->second.listing;
  }
  std::optional<Result<std::string>> listing;
  std::thread([&] {
    auto list = [&]() -> Result<std::string> {
      if (::unshare(CLONE_NEWNET) != 0) return system_error("make a network namespace");
      CHECK(replace_here(ruleset));
      return list_here();
    };
    listing = list();
  }).join();
  if (*listing) known_[ruleset] = {**listing};
  return *listing;
}

void Firewall::forget_unused() {
  std::erase_if(known_, [](auto const& known) { return !known.second.is_used; });
  for (auto& [text, known] : known_) known.is_used = false;
}

Result<void> Firewall::replace(SpaceHandle const& space, std::string const& ruleset) {
  return within(space, [&] { return replace_here(ruleset); });
}

}  // namespace fumidai::lab
