include(GoogleTest)

# What runs a test with the address of the broker that tests/CMakeLists.txt brings up.
set(KAFKA_FOLDER ${PROJECT_BINARY_DIR}/kafka)
set(WITH_KAFKA ${PROJECT_SOURCE_DIR}/tests/support/with_kafka ${KAFKA_FOLDER}/address)

# add_layer(NAME [USES layer...] [LIBRARIES target...])
# One static library of every .cc below NAME/, and NAME_test of every *_test.cc beside it. Those named *_broker_test.cc
# need a Kafka: they are NAME_broker_test, and tests/CMakeLists.txt brings the broker up.
# The programs' own files are left out.
function(add_layer name)
  cmake_parse_arguments(LAYER "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${name}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(broker_tests ${tests})
  list(FILTER broker_tests INCLUDE REGEX "_broker_test\\.cc$")
  list(FILTER tests EXCLUDE REGEX "_broker_test\\.cc$")
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
    # What CMake starts such a program with when it lists the tests, and ctest when it runs them.
    set_target_properties(${name}_broker_test PROPERTIES CROSSCOMPILING_EMULATOR "${WITH_KAFKA}")
    gtest_discover_tests(${name}_broker_test DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}/" PROPERTIES LABELS kafka
                         TIMEOUT 120 FIXTURES_REQUIRED kafka RESOURCE_LOCK kafka WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endif()
endfunction()

# add_program(NAME main.cc): bin/NAME.
function(add_program name main)
  add_executable(${name} ${main})
  target_link_libraries(${name} PRIVATE ops)
endfunction()
