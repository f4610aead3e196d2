// The code of Boost.JSON, compiled here once: so an agent gets of it only what it uses, where the library's
// own archive would bring streams and locales along.

#include <boost/json/src.hpp>
