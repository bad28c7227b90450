# embed_text(TARGET SYMBOL FILE): the text of FILE as `extern const std::string_view TARGET::SYMBOL`, compiled into TARGET.
function(embed_text target symbol file)
  cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  set(source ${PROJECT_BINARY_DIR}/embedded/${target}_${symbol}.cc)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
#include <string_view>

namespace @target@ {

extern const std::string_view @symbol@;
const std::string_view @symbol@ = R"embedded_text(@text@)embedded_text";

}  // namespace @target@
]])
  target_sources(${target} PRIVATE ${source})
endfunction()

# embed_output(TARGET SYMBOL SCRIPT FORM FILE): likewise what the Python script prints for FORM and FILE. Debian's own
# Python, as it has the packages that scripts/packages.txt lists.
function(embed_output target symbol script form file)
  set(output ${PROJECT_BINARY_DIR}/embedded/${target}_${symbol}.txt)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/embedded)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${script} ${PROJECT_SOURCE_DIR}/${file})
  execute_process(COMMAND /usr/bin/python3 ${script} ${form} ${file} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
                  OUTPUT_FILE ${output} COMMAND_ERROR_IS_FATAL ANY)
  embed_text(${target} ${symbol} ${output})
endfunction()

# embed_texts(TARGET SYMBOL FILE...): their texts as `extern const std::span<const std::string_view> TARGET::SYMBOL`.
function(embed_texts target symbol)
  set(texts "")
  foreach(file IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    string(APPEND texts "R\"embedded_text(${text})embedded_text\",\n")
  endforeach()
  set(source ${PROJECT_BINARY_DIR}/embedded/${target}_${symbol}.cc)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
#include <span>
#include <string_view>

namespace @target@ {

static constexpr std::string_view texts[] = {
@texts@};
extern const std::span<const std::string_view> @symbol@;
const std::span<const std::string_view> @symbol@ = texts;

}  // namespace @target@
]])
  target_sources(${target} PRIVATE ${source})
endfunction()
