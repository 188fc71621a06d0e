// Document: one open workflow with its file, its history and its selection. Everything that changes it goes
// through apply(): one gesture, one named step of undo. gestures.h makes the changes that a user knows.
// [main-thread]
//
// A subgraph can be entered: graph(), apply() and all gestures then mean its definition. Undo goes back to
// where a step was made.
//
// A window asks revision() whether to draw anew; nothing calls back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "graph/edit.h"
#include "graph/node_types.h"
#include "graph/registry.h"

namespace weft::editor {

/// Told apart within a process; never used again.
using DocumentId = std::uint64_t;

using Ids = std::set<std::string, std::less<>>;

/// What is selected is no part of the history; what undo takes away leaves the selection.
struct Selection {
  Ids nodes;
  Ids annotations;  ///< frames, comments, reroutes
  bool operator==(const Selection&) const = default;
  bool empty() const { return nodes.empty() && annotations.empty(); }
};

/// The file as a document holds it: names brought up to date, nodes placed where the file says nothing of places. Throws
/// GraphError with every problem.
Workflow read_for_document(const std::filesystem::path& file, const Registry& registry);

/// From the folder on if the file lies in it, whole otherwise.
std::string name_from_folder(const std::filesystem::path& file, const std::filesystem::path& folder);

class Document {
 public:
  /// Without a file of its own. `origin`: the file that it is a copy of, or was imported from; it gives name and folder,
  /// and is never written to. Empty: untitled.
  explicit Document(Workflow workflow = {}, std::filesystem::path origin = {});
  /// Reads the file, and renames what the registry knows under old names. Throws GraphError with every
  /// problem.
  static std::unique_ptr<Document> open(const std::filesystem::path& file, const Registry& registry);
  /// A document that a crash left: it belongs to `file` (or has none, and comes from `origin`), holds `workflow`, and is
  /// not saved.
  static std::unique_ptr<Document> recovered(
      Workflow workflow, const std::filesystem::path& file, const std::filesystem::path& origin = {});

  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  DocumentId id() const { return id_; }
  const Workflow& workflow() const { return workflow_; }
  /// What is shown and edited: the workflow's own graph, or that of the definition that was entered.
  const Graph& graph() const;
  /// Its unknown keys, where frames, bookmarks and such are kept (annotations.h).
  const nlohmann::json& extra() const;
  /// The types that nodes may have: the registry's, and the workflow's subgraphs. Valid until the next
  /// change.
  const NodeTypes& types(const Registry& registry) const;
  /// Another number after each change of the workflow, undo and redo included.
  std::uint64_t revision() const { return revision_; }

  // Subgraphs.

  /// The instances that were entered, outermost first; empty: the workflow's own graph is shown.
  const std::vector<std::string>& path() const { return path_; }
  /// The name of the definition that is shown; empty at the top.
  std::string scope() const;
  /// How runs name a node that is shown: "upscale/sampler".
  std::string address(std::string_view node) const;
  /// Into the definition of an instance that is shown. Throws GraphError if the node is none.
  void enter(const std::string& instance);
  void leave(std::size_t depth);  ///< until so many are entered; 0: to the top

  // The one way to change it.

  /// Applies `edits` to what is shown, as one step of undo. Throws GraphError if one cannot be; the document
  /// is unchanged then. Edits that change nothing make no step.
  ///
  /// Continuous drags: edits with the same `merge` as the step before them *replace* that step, until
  /// end_gesture(). So they say what the drag did from its start on: the position now, the value now.
  void apply(std::string name, std::vector<Edit> edits, std::string_view merge = {});
  /// The same with edits of the whole workflow, whatever is shown.
  void apply_to_workflow(std::string name, std::vector<Edit> edits, std::string_view merge = {});
  /// The drag has ended (mouse released, field left): the next change is a step of its own.
  void end_gesture() { merge_.clear(); }
  bool in_gesture() const { return !merge_.empty(); }

  bool undo();  ///< false if there is nothing to undo
  bool redo();
  std::vector<std::string> step_names() const;  ///< the whole history, oldest first
  std::size_t position() const { return position_; }  ///< so many of the steps are done
  void go_to(std::size_t position);  ///< undo or redo until so many are done

  const Selection& selection() const { return selection_; }
  /// What does not exist is left out.
  void select(Selection selection);

  // The file.

  const std::filesystem::path& file() const { return file_; }  ///< empty: it was never saved
  const std::filesystem::path& origin() const { return origin_; }  ///< see the constructor
  std::string name() const;  ///< for a tab: "portrait", "Untitled"
  /// Relative file params are looked up here: where the file is, or that which it comes from; the current folder for an
  /// untitled document.
  std::filesystem::path folder() const;
  /// How a param of this workflow names a file: from its folder on if it lies in it, so that both can be moved together;
  /// whole otherwise, and for an untitled document.
  std::string name_of_file(const std::filesystem::path& file) const;
  bool dirty() const { return saved_position_ != position_; }

  /// Writes the file atomically. Throws GraphError; the old file and the document are as before then.
  void save();  ///< needs a file()
  void save_as(const std::filesystem::path& file);

  enum class OnDisk : std::uint8_t { Same, Changed, Vanished };
  /// Whether somebody else has changed the file since it was read or written. Cheap while its time and size
  /// stay.
  OnDisk on_disk();
  /// Keeps what the document holds against what is on disk: on_disk() is Same again, and the document is
  /// dirty.
  void keep_mine();
  /// Takes what is on disk; one step of undo. Throws GraphError, and is unchanged, if the file cannot be
  /// read.
  void reload(const Registry& registry);

 private:
  struct Step {
    std::string name;
    std::uint64_t gesture = 0;
    std::vector<std::string> path;  ///< where it was made
    Edit edit;  ///< undoes a step that is done, redoes one that is undone
  };
  struct Stamp {  ///< of the file as we last saw it
    std::filesystem::file_time_type time = {};
    std::uintmax_t size = 0;
    std::size_t hash = 0;
    bool operator==(const Stamp&) const = default;
  };

  void turn(Step& step);
  void changed();
  std::string scope_of(const std::vector<std::string>& path) const;
  const Graph& graph_of(const std::string& scope) const;
  static std::optional<Stamp> stamp_of(const std::filesystem::path& file);

  const DocumentId id_;
  Workflow workflow_;
  std::uint64_t revision_ = 1;
  std::vector<Step> steps_;  // done ones, then undone ones in the order in which redo takes them
  std::size_t position_ = 0;
  std::string merge_;  // of the gesture that goes on
  std::uint64_t gesture_ = 0;  // its number
  std::optional<std::size_t> saved_position_ = 0;
  Selection selection_;
  std::vector<std::string> path_;
  mutable std::unique_ptr<NodeTypes> types_;  // of types_revision_
  mutable std::uint64_t types_revision_ = 0;
  std::filesystem::path file_, origin_;
  std::optional<Stamp> stamp_;
};

}  // namespace weft::editor
