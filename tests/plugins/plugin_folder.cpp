#include "tests/plugins/plugin_folder.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "plugins/build_id.h"

namespace weft::test {

namespace fs = std::filesystem;

Ended run_program(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe) throw std::runtime_error("cannot run " + command);
  std::string output;
  std::array<char, 4096> part;
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), pipe)) output.append(part.data(), count);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

PluginFolder::PluginFolder() {
  std::string name = (fs::temp_directory_path() / "weft-plugins-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  path_ = name;
}

PluginFolder::~PluginFolder() { fs::remove_all(path_); }

fs::path PluginFolder::add_library(const std::string& name) const {
  const fs::path file = "lib" + name + ".so";
  fs::copy_file(fs::path(WEFT_TEST_PLUGINS) / file, path_ / file);
  return path_ / file;
}

fs::path PluginFolder::add_plugin(const std::string& name) const {
  const fs::path library = add_library(name);
  const Ended ended = run_program(std::string(WEFT_MANIFEST_PROGRAM) + " " + library.string());
  EXPECT_EQ(ended.code, 0) << ended.output;
  return library;
}

fs::path PluginFolder::add_forged(const std::string& name, void (*change)(Manifest&)) const {
  const PluginFolder other;
  Manifest manifest = read_manifest(manifest_path(other.add_plugin("good")));
  const fs::path library = add_library(name);
  manifest.library = library.filename();
  manifest.build_id = build_id_of(library);
  change(manifest);
  write_manifest(manifest, manifest_path(library));
  return library;
}

void PluginFolder::write_file(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name, std::ios::binary) << text;
}

std::string only_problem(const PluginHost& host) {
  std::vector<std::string> problems;
  for (const PluginInfo& plugin : host.plugins()) {
    if (!plugin.problem.empty()) problems.push_back(plugin.problem);
  }
  EXPECT_EQ(problems.size(), 1u);
  return problems.empty() ? "" : problems.front();
}

bool is_mapped(const std::string& name) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find(name) != std::string::npos) return true;
  }
  return false;
}

}  // namespace weft::test
