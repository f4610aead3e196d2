#pragma once

// What a function returns that can fail for a reason outside the program: a value, or an Error whose sentence
// helps the person who reads it. Bugs assert instead; exceptions stay inside the library calls that throw
// them.

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace fumidai {

// What a caller may want to tell apart. The sentence in Error::detail is for people.
enum class Errc {
  malformed,          // bytes or text that break their format
  invalid,            // well formed, but not acceptable
  too_large,          // over a limit that we set
  not_found,          //
  conflict,           // the state does not allow it
  denied,             // known caller, no permission
  unauthenticated,    // caller not proven
  limit_exceeded,     // too many of something
  closed,             // the other side ended, or we are shutting down
  deadline_exceeded,  // no answer in time
  unavailable,        // cannot be reached now; may work later
  unsupported,        //
  corrupt,            // stored data that does not verify
  system,             // the operating system refused
};

std::string_view to_string(Errc code);

struct Error {
  Errc code;
  std::string detail;
  // The name that AWS gives to this failure ("TargetNotConnected"); empty where AWS has none. Static storage.
  std::string_view aws = {};
};

[[noreturn]] void throw_exception_from_error(Error const& error, boost::source_location const& where);

template <class T>
using Result = boost::system::result<T, Error>;

inline Result<void> success() {
  return {};
}

// The errno of the call just made, with what was attempted: "open /x: No such file or directory".
Error system_error(std::string_view what);
Error system_error(std::string_view what, int errno_value);

// TRY(auto x, f()) names the value or returns the error; CHECK(f()) is for Result<void>.
// CO_TRY and CO_CHECK are their forms in a coroutine: CO_TRY(auto x, co_await f()).
#define FUMIDAI_TRY_NAME2(line) try_##line
#define FUMIDAI_TRY_NAME(line) FUMIDAI_TRY_NAME2(line)
#define FUMIDAI_TRY_IMPL(tmp, decl, expr, ret) \
  auto tmp = (expr);                           \
  if (!tmp) ret std::move(tmp).error();        \
  decl = *std::move(tmp)
#define FUMIDAI_CHECK_IMPL(tmp, expr, ret) \
  do {                                     \
    auto tmp = (expr);                     \
    if (!tmp) ret std::move(tmp).error();  \
  } while (false)
#define TRY(decl, expr) FUMIDAI_TRY_IMPL(FUMIDAI_TRY_NAME(__LINE__), decl, expr, return )
#define CO_TRY(decl, expr) FUMIDAI_TRY_IMPL(FUMIDAI_TRY_NAME(__LINE__), decl, expr, co_return )
#define CHECK(expr) FUMIDAI_CHECK_IMPL(FUMIDAI_TRY_NAME(__LINE__), expr, return )
#define CO_CHECK(expr) FUMIDAI_CHECK_IMPL(FUMIDAI_TRY_NAME(__LINE__), expr, co_return )

}  // namespace fumidai
