include(GoogleTest)

# add_layer(NAME [USES layer...] [LIBRARIES target...])
# One static library of every .cc below NAME/, NAME_test of every *_test.cc beside it, and NAME_broker_test of every
# *_broker_test.cc: these look for a Kafka broker at $BATCHROUTER_TEST_KAFKA and are skipped where there is none.
# The programs' own files are left out.
function(add_layer name)
  cmake_parse_arguments(LAYER "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${name}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(broker_tests ${tests})
  list(FILTER tests EXCLUDE REGEX "_broker_test\\.cc$")
  list(FILTER broker_tests INCLUDE REGEX "_broker_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "/ops/(batchrouter|brctl)\\.cc$")

  if(sources)
    add_library(${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${name} ${scope} ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} ${scope} ${LAYER_USES} ${LAYER_LIBRARIES} Threads::Threads)

  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${name} GTest::gmock GTest::gtest_main)
    gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}/" PROPERTIES LABELS unit TIMEOUT 120
                         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endif()
  if(broker_tests)
    add_executable(${name}_broker_test ${broker_tests})
    target_link_libraries(${name}_broker_test PRIVATE ${name} GTest::gmock GTest::gtest_main)
    gtest_discover_tests(${name}_broker_test DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}/"
                         PROPERTIES LABELS kafka TIMEOUT 120 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endif()
endfunction()

# add_program(NAME main.cc): bin/NAME.
function(add_program name main)
  add_executable(${name} ${main})
  target_link_libraries(${name} PRIVATE ops)
endfunction()
