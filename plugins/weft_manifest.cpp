// weft-manifest: writes the manifest of a plugin library; the last step of building one (see
// cmake/WeftPlugin.cmake). It opens the library, which shows in the build what would fail at a user's.
#include <CLI/CLI.hpp>
#include <iostream>

#include "base/utf8.h"
#include "plugins/library.h"
#include "plugins/manifest.h"

int main(int argc, char** argv) {
  CLI::App app("Writes the manifest of a Weft plugin library, so that Weft can list its nodes without opening it.");
  std::filesystem::path library;
  std::filesystem::path manifest;
  app.add_option("library", library, "the plugin library")->required()->check(CLI::ExistingFile);
  app.add_option("-o,--output", manifest, "the manifest to write; beside the library if not given");
  CLI11_PARSE(app, argc, argv);
  if (manifest.empty()) manifest = weft::manifest_path(library);
  try {
    weft::write_manifest(weft::describe_plugin(weft::open_plugin(library), library), manifest);
  } catch (const std::exception& error) {
    std::cerr << "weft-manifest: error: " << weft::printable(error.what()) << '\n';
    return 1;
  }
}
