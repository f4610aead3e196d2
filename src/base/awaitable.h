#pragma once

// Names the coroutine type, so that control-plane functions can return it without seeing a socket.

#include <boost/asio/awaitable.hpp>

namespace fumidai {

namespace asio = boost::asio;

template <class T>
using awaitable = boost::asio::awaitable<T>;

}  // namespace fumidai
