#pragma once

// What the internet of the lab has to show: a page, and a Debian repository of one package. Files in a
// directory, made once, and the answers to requests for them; somebody else listens.

#include <string>

#include "base/result.h"
#include "wire/http.h"

namespace fumidai::lab {

// index.html, and under debian/ a flat repository, unsigned:
//   deb [trusted=yes] http://packages.example.com/debian ./
// with the package fumidai-hello, whose program says hello. Does nothing when they are there. Error:
// unsupported, when dpkg-deb is not there.
Result<void> make_internet(std::string const& directory);

// GET and HEAD of files beneath the directory, index.html for a directory. Nothing else of the machine shows,
// whatever the path says.
wire::HttpResponse answer(wire::HttpRequest const& request, std::string const& directory);

}  // namespace fumidai::lab
