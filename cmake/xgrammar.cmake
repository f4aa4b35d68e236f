# XGrammar, the grammar engine behind structured output: its source distribution from the Python package
# index, pinned by hash, as one static library. Without network or pip the build goes on without it, and the
# server refuses requests that need it (docs/serving.md). SIROCCO_XGRAMMAR_ARCHIVE names a copy on disk.
set(SIROCCO_XGRAMMAR_VERSION 0.2.9)
set(SIROCCO_XGRAMMAR_SHA256 87b466bca2475e29bb0323abc62c6c33cbcbcff47e5fb800a3e2099ac9620b90)
set(SIROCCO_XGRAMMAR_ARCHIVE "" CACHE FILEPATH "xgrammar-${SIROCCO_XGRAMMAR_VERSION}.tar.gz, if it is on disk")
option(SIROCCO_XGRAMMAR "structured output by XGrammar" ON)

# Sets `out` to the archive, or to nothing.
function(sirocco_find_xgrammar out)
  set(folder ${PROJECT_BINARY_DIR}/_downloads)
  set(archive ${folder}/xgrammar-${SIROCCO_XGRAMMAR_VERSION}.tar.gz)
  if(SIROCCO_XGRAMMAR_ARCHIVE)
    set(archive ${SIROCCO_XGRAMMAR_ARCHIVE})
  elseif(NOT EXISTS ${archive})
    find_program(PYTHON3 python3)
    if(PYTHON3)
      execute_process(COMMAND ${PYTHON3} -m pip download --quiet --disable-pip-version-check --no-deps --no-binary xgrammar
                              --dest ${folder} xgrammar==${SIROCCO_XGRAMMAR_VERSION}
                      RESULT_VARIABLE result ERROR_VARIABLE problem TIMEOUT 300)
    endif()
  endif()
  if(EXISTS ${archive})
    file(SHA256 ${archive} hash)
    if(hash STREQUAL SIROCCO_XGRAMMAR_SHA256)
      set(${out} ${archive} PARENT_SCOPE)
      return()
    endif()
    message(WARNING "${archive}: expected SHA-256 ${SIROCCO_XGRAMMAR_SHA256}, got ${hash}")
  endif()
  message(WARNING "XGrammar ${SIROCCO_XGRAMMAR_VERSION} could not be had (${problem}): no structured output in this build")
  set(${out} "" PARENT_SCOPE)
endfunction()

if(SIROCCO_XGRAMMAR)
  sirocco_find_xgrammar(archive)
endif()
if(archive)
  set(xgrammar ${PROJECT_BINARY_DIR}/_downloads/xgrammar-${SIROCCO_XGRAMMAR_VERSION})
  if(NOT EXISTS ${xgrammar}/cpp)
    file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${PROJECT_BINARY_DIR}/_downloads)
  endif()
  # Its own CMake file insists on Python parts.
  file(GLOB sources ${xgrammar}/cpp/*.cc ${xgrammar}/cpp/converter_ext/*.cc ${xgrammar}/cpp/support/*.cc)
  add_library(xgrammar STATIC ${sources})
  target_include_directories(xgrammar SYSTEM PUBLIC ${xgrammar}/include ${xgrammar}/3rdparty/dlpack/include
                             PRIVATE ${xgrammar}/3rdparty/picojson)
  target_compile_definitions(xgrammar PRIVATE XGRAMMAR_ENABLE_CPPTRACE=0 XGRAMMAR_ENABLE_INTERNAL_CHECK=0
                             XGRAMMAR_LOG_CUSTOMIZE=1)
  target_compile_options(xgrammar PRIVATE -O2 -w)
  set_target_properties(xgrammar PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 4)
  target_link_libraries(xgrammar PRIVATE Threads::Threads)
  if(SIROCCO_SANITIZE)
    target_compile_options(xgrammar PRIVATE -fsanitize=${SIROCCO_SANITIZE})
  endif()
endif()
