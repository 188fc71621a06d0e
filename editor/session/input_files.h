// The files that nodes read their pictures from, known before any run: of params that declare that role.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "editor/session/document.h"
#include "editor/session/geometry.h"
#include "graph/node.h"

namespace weft::editor {

/// The param of a node type that names its picture; null if it has none.
const PortInfo* picture_file_param(const NodeInfo& type);
/// The nodes of the graph that is shown whose type has one.
std::vector<std::string> picture_readers(const Document& document, const Registry& registry);

/// The type of the node that a picture becomes which is brought in by hand.
inline constexpr char kPictureReader[] = "image.load";

/// Adds a Load Image that reads the file; one step. It is named as Document::name_of_file() does. Throws GraphError if there
/// is no such node type. Gives the node's id.
std::string add_picture_reader(
    Document& document, const Registry& registry, const std::filesystem::path& file, Point at);
/// The node reads this file from now on; one step.
void set_picture_file(
    Document& document, const Registry& registry, const std::string& node, const std::filesystem::path& file);

struct InputFile {
  std::filesystem::path file;
  std::filesystem::file_time_type time;
};

/// Where such files lie. A disk is asked at most once a second about each. [main-thread]
class InputFiles {
 public:
  /// The file that a param names in a workflow of `folder`; nothing if there is none. `environment` is called where the
  /// disk is asked.
  std::optional<InputFile> find(
      const std::filesystem::path& folder, const std::string& name, const std::function<RunEnvironment()>& environment);

 private:
  struct Known {
    std::optional<InputFile> found;
    std::chrono::steady_clock::time_point at;
  };
  std::map<std::pair<std::filesystem::path, std::string>, Known> known_;
};

}  // namespace weft::editor
