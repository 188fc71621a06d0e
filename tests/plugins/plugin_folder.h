// PluginFolder: a temporary plugin folder that a test fills with the libraries of
// tests/plugins/test_plugins/.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plugins/loader.h"
#include "plugins/manifest.h"

namespace weft::test {

/// What a program said and how it ended.
struct Ended {
  int code;
  std::string output;  ///< stdout and stderr
};
Ended run_program(const std::string& command);

class PluginFolder {
 public:
  PluginFolder();
  ~PluginFolder();
  PluginFolder(const PluginFolder&) = delete;
  PluginFolder& operator=(const PluginFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Copies the library alone; returns where it lies.
  std::filesystem::path add_library(const std::string& name) const;
  /// Copies the library and lets weft-manifest, in its own process, write its manifest.
  std::filesystem::path add_plugin(const std::string& name) const;
  /// Copies the library and writes the manifest of test_plugins/good.cpp for it, changed by `change`: what a
  /// damaged or foreign build leaves behind.
  std::filesystem::path add_forged(const std::string& name, void (*change)(Manifest&) = [](Manifest&) {}) const;

  void write_file(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

/// The problem of the one plugin that has one; fails the test if there is not exactly one.
std::string only_problem(const PluginHost& host);

/// Whether the file, or any whose name holds `name`, is mapped into this process.
bool is_mapped(const std::string& name);

}  // namespace weft::test
