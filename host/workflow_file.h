// Any file that holds a workflow, recognised in one place for run, check and edit alike: Weft's own file, either of ComfyUI's
// formats, and a picture that carries one of them. [any thread]
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "graph/registry.h"
#include "graph/workflow.h"

namespace weft::host {

struct FoundWorkflow {
  enum class Kind : std::uint8_t {
    None,  ///< a picture, or JSON, without a workflow
    Weft,
    ComfyUi,  ///< imported, from either of its formats
  };
  Kind kind = Kind::None;
  std::optional<Workflow> workflow;  ///< nothing where there is none
  nlohmann::json facts = {};  ///< of a picture of Weft's: what the nodes noted: seeds that were used, hashes of models
  std::vector<std::string> remarks = {};  ///< what could not be imported as it was, a sentence each
  std::vector<Problem> why_none = {};  ///< with Kind::None
};

/// What a JSON text holds; `source` names it in errors. Throws GraphError for text that is no JSON, and for a workflow that
/// cannot be read, with every problem.
FoundWorkflow workflow_in_text(const std::string& text, const Registry& registry, const std::string& source);

/// What a file holds: JSON, or a picture with metadata. What holds none is Kind::None, no error. Throws as above, and where
/// there is no such file.
FoundWorkflow find_workflow(const std::filesystem::path& file, const Registry& registry);

}  // namespace weft::host
