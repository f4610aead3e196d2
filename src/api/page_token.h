#pragma once

// Where a list goes on. Opaque to callers, and good only for the same caller, action and filters.

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "api/action.h"

namespace fumidai::api {

std::string make_page_token(Call const& call, std::string_view query, std::string_view position);

// The position; error: invalid with InvalidNextToken.
Result<std::string> open_page_token(Call const& call, std::string_view query, std::string const& token);

template <class Entry>
struct Page {
  std::vector<Entry> entries;
  std::optional<std::string> next_token;
};

// The part of `all`, which is sorted by `position_of`, that comes after what the token names: entries that
// came or went since then do no harm.
template <class Entry, class PositionOf>
Result<Page<Entry>> page_of(Call const& call, std::vector<Entry> all, std::string const& query,
                            std::optional<std::string> const& token, std::int64_t most,
                            PositionOf position_of) {
  auto begin = all.begin();
  if (token) {
    TRY(auto position, open_page_token(call, query, *token));
    begin =
        std::upper_bound(all.begin(), all.end(), position,
                         [&](std::string const& at, Entry const& entry) { return at < position_of(entry); });
  }
  auto end = begin + std::min<std::ptrdiff_t>(most, all.end() - begin);
  Page<Entry> page;
  if (end != all.end()) page.next_token = make_page_token(call, query, position_of(*(end - 1)));
  page.entries.assign(std::make_move_iterator(begin), std::make_move_iterator(end));
  return page;
}

}  // namespace fumidai::api
