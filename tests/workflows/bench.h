// A workbench for tests of whole workflows: the standard nodes, an executor, and a folder for what is written.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "graph/executor.h"
#include "graph/workflow.h"
#include "plugins/loader.h"
#include "plugins/values.h"

namespace weft::test {

class Bench {
 public:
  /// `more_models`: model folders that are looked in before ours.
  explicit Bench(std::vector<std::filesystem::path> more_models = {});
  ~Bench();

  /// Runs `json` and returns the result; every problem is a test failure unless `may_fail`.
  RunResult run(const Workflow& workflow, std::vector<std::string> wanted = {}, bool may_fail = false);
  /// Where the files that a workflow names are looked up first; default: workflows/.
  void set_workflow_folder(std::filesystem::path folder) { workflow_folder_ = std::move(folder); }

  RunResult run(const std::string& json, std::vector<std::string> wanted = {}, bool may_fail = false) {
    return run(parse_workflow(json), std::move(wanted), may_fail);
  }

  const Registry& registry() const { return registry_; }
  const std::filesystem::path& output() const { return output_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  Registry registry_;
  PluginHost host_;
  std::unique_ptr<DeviceRuntime> runtime_ = make_cpu_runtime();
  Executor executor_;
  std::vector<std::filesystem::path> model_folders_;
  std::filesystem::path output_;
  std::filesystem::path workflow_folder_;
  std::vector<std::string> warnings_;
};

/// The output of a wanted node, by its place among the node type's outputs.
template <class T>
const T& output(const RunResult& result, const std::string& node, std::size_t index = 0) {
  return result.nodes.find(node)->second.outputs.at(index).as<T>();
}

std::filesystem::path source_folder();

}  // namespace weft::test
