// JournalFile: the journal of one document: the text of its workflow at some time, and then, a line a
// gesture, where the text changed. Each line says what the whole text hashes to, so that a torn or foreign
// line ends the reading.
//
// Rationale. The difference of two texts knows nothing of kinds of edits, so it cannot fall behind them, and
// what it restores is the file that would have been saved, byte for byte.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "editor/session/journal.h"

namespace weft::editor {

/// Used on one thread.
class JournalFile {
 public:
  explicit JournalFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~JournalFile();
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  /// Where a document belongs: Document::file() and origin().
  struct Place {
    std::filesystem::path file, origin;
    bool operator==(const Place&) const = default;
  };

  /// Brings the state after a gesture to the disk. Throws GraphError; what was there before can still be read
  /// then.
  void append(const Workflow& workflow, const Place& place, const std::string& gesture);
  void remove();

 private:
  void begin(const std::string& text, const Place& place, const std::string& gesture);
  void append_line(const std::string& line);
  void close();

  const std::filesystem::path path_;
  int descriptor_ = -1;    // the file, open for appending
  std::size_t bytes_ = 0;  // of it
  std::string text_;       // that it says
  Place place_;
};

/// What the journal says; nothing if not even its beginning can be read.
std::optional<Recoverable> read_journal(const std::filesystem::path& path);

}  // namespace weft::editor
