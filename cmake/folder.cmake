# A folder of src/ becomes a library, and the *_test.cc files in it become its test program.
#
#   fumidai_folder(wire DEPENDS base LINK Boost::json)
#
# DEPENDS names folders, as in src/LAYERS; LINK names what comes from outside, TEST_LINK what only the test
# needs. SHARDS runs the test program in so many processes, each with its part of the tests. JOINED compiles
# eight files as one where FUMIDAI_JOIN is on: the headers are most of what they cost.
function(fumidai_folder name)
  cmake_parse_arguments(ARG "JOINED" "SHARDS" "DEPENDS;LINK;TEST_LINK" ${ARGN})
  string(REPLACE "/" "_" target ${name})

  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|main)\\.cc$")

  add_library(fumidai_${target} STATIC ${sources})
  target_include_directories(fumidai_${target} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  foreach(folder ${ARG_DEPENDS})
    string(REPLACE "/" "_" folder ${folder})
    target_link_libraries(fumidai_${target} PUBLIC fumidai_${folder})
  endforeach()
  target_link_libraries(fumidai_${target} PUBLIC ${ARG_LINK})
  fumidai_join(fumidai_${target})

  if(tests AND NOT FUMIDAI_FUZZ)
    add_executable(${target}_test ${tests})
    target_link_libraries(${target}_test PRIVATE fumidai_${target} ${ARG_TEST_LINK} GTest::gtest_main)
    fumidai_join(${target}_test)
    target_compile_definitions(${target}_test PRIVATE FUMIDAI_VECTORS="${PROJECT_SOURCE_DIR}/tests/vectors")
    set_target_properties(${target}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    if(ARG_SHARDS)
      math(EXPR last "${ARG_SHARDS} - 1")
      foreach(shard RANGE ${last})
        add_test(NAME ${name}_${shard} COMMAND ${target}_test)
        set_tests_properties(${name}_${shard} PROPERTIES ENVIRONMENT "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${shard}")
      endforeach()
    else()
      add_test(NAME ${name} COMMAND ${target}_test)
    endif()
  endif()
endfunction()

# Of a folder that asks for it; names in its anonymous namespaces are of one folder then, not of one file.
macro(fumidai_join target)
  if(ARG_JOINED AND FUMIDAI_JOIN)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    # Types of one file are fine in it, and seem to be a header's when that file is included.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endmacro()
