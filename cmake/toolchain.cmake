# Warnings, sanitizers, and what makes builds quick when it is installed.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(FUMIDAI_SHADOW -Wshadow=local)
endif()
add_compile_options(-Wall -Wextra -Wpedantic ${FUMIDAI_SHADOW} -Wnon-virtual-dtor -Woverloaded-virtual
                    -Wno-missing-field-initializers -fstack-protector-strong -fno-omit-frame-pointer
                    -ffunction-sections -fdata-sections)
if(FUMIDAI_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False positives of g++ 12 in inlined library code (bugs 105329, 107852 and kin).
  add_compile_options(-Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds
                      -Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-dangling-else)
endif()
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
if(FUMIDAI_SANITIZE)
  # Reports need lines, no more; it is a sixth of the time that compiling takes.
  add_compile_options(-fsanitize=${FUMIDAI_SANITIZE} -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${FUMIDAI_SANITIZE})
  # g++'s coroutine frames and ASan's stack checks disagree about suspended locals otherwise.
  add_compile_options(-Wno-error)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND FUMIDAI_SANITIZE MATCHES "undefined")
    # Checked by g++ at each access, which doubles the code. ASan sees null pointers, the fuzzers (clang) both.
    add_compile_options(-fno-sanitize=null,alignment)
  endif()
endif()

if(FUMIDAI_FUZZ)
  # The libraries report which branches an input reached; the fuzzers bring the main function.
  add_compile_options(-fsanitize=fuzzer-no-link -O1)
endif()

# Asio: epoll, no exceptions' cost on the data path, and only the modern executors.
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)

find_program(FUMIDAI_CCACHE ccache)
if(FUMIDAI_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FUMIDAI_CCACHE})
endif()

find_program(FUMIDAI_MOLD mold)
find_program(FUMIDAI_LLD ld.lld)
if(FUMIDAI_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(FUMIDAI_LLD)
  add_link_options(-fuse-ld=lld)
endif()
