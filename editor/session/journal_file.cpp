#include "editor/session/journal_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/atomic_file.h"
#include "base/content_hash.h"
#include "base/foreign_json.h"
#include "editor/session/json_read.h"
#include "editor/session/text.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// A journal of more than this much above its text is begun anew.
constexpr std::size_t kMostDifferences = std::size_t{1} << 20;

std::string hash_of(std::string_view text) {
  const ContentHash hash = ContentHasher().add(text).result();
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace) + '\n';
}

/// Where `now` differs from `before`: so many bytes are the same at the start, so many at the end. Both ends
/// lie between characters of UTF-8, as each half of the difference has to be text.
struct Difference {
  std::size_t start = 0;
  std::size_t cut = 0;  ///< bytes of `before` that go
  std::string_view put;
};

bool inside_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

Difference difference(std::string_view before, std::string_view now) {
  const std::size_t shorter = std::min(before.size(), now.size());
  std::size_t start = 0;
  while (start < shorter && before[start] == now[start]) ++start;
  while (start > 0 && (inside_character(before, start) || inside_character(now, start))) --start;
  std::size_t end = 0;
  while (end < shorter - start && before[before.size() - 1 - end] == now[now.size() - 1 - end]) ++end;
  while (end > 0 && (inside_character(before, before.size() - end) || inside_character(now, now.size() - end))) --end;
  return {start, before.size() - end - start, now.substr(start, now.size() - end - start)};
}

/// Changes `text` as a line says; false, and unchanged, if it is no whole line of this text.
bool apply_line(const std::string& line, std::string& text, Recoverable& document) {
  const Json json = foreign_json_or_null(line);
  if (!json.is_object() || !json.contains("hash")) return false;
  const double start = read_number(json, "start", -1), cut = read_number(json, "cut", -1);
  if (start < 0 || cut < 0 || start + cut > static_cast<double>(text.size())) return false;
  std::string changed = text;
  changed.replace(static_cast<std::size_t>(start), static_cast<std::size_t>(cut), read_text(json, "put"));
  if (hash_of(changed) != read_text(json, "hash")) return false;
  text = std::move(changed);
  document.gestures.push_back(read_text(json, "gesture"));
  return true;
}

}  // namespace

JournalFile::~JournalFile() { close(); }

void JournalFile::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

void JournalFile::append(const Workflow& workflow, const Place& place, const std::string& gesture) {
  std::string text = to_text(workflow);
  if (descriptor_ < 0 || place != place_ || bytes_ > 2 * text.size() + kMostDifferences) {
    begin(text, place, gesture);
  } else {
    const Difference change = difference(text_, text);
    append_line(line_of({{"gesture", gesture}, {"start", change.start}, {"cut", change.cut},
        {"put", std::string(change.put)}, {"hash", hash_of(text)}}));
  }
  text_ = std::move(text);
}

void JournalFile::begin(const std::string& text, const Place& place, const std::string& gesture) {
  const std::string line = line_of({{"weft_journal", 1}, {"file", place.file.string()},
      {"origin", place.origin.string()}, {"gesture", gesture}, {"text", text}, {"hash", hash_of(text)}});
  close();
  write_file_atomically(path_, line);
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  bytes_ = line.size();
  place_ = place;
}

void JournalFile::append_line(const std::string& line) {
  std::string_view rest = line;
  int error = 0;
  while (!rest.empty() && error == 0) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      error = errno;
    else
      rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (error == 0 && ::fdatasync(descriptor_) != 0) error = errno;
  bytes_ += line.size();
  if (error == 0) return;
  close();  // the line may be torn: the next gesture begins the file anew
  throw GraphError(
      Problem{.what = tr_format("cannot write '{}': {}", path_.string(), std::generic_category().message(error)),
          .remedy = tr("free some space: until then a crash would lose what is not saved")});
}

void JournalFile::remove() {
  close();
  std::error_code ignored;
  fs::remove(path_, ignored);
}

std::optional<Recoverable> read_journal(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string line;
  if (!std::getline(stream, line)) return std::nullopt;
  const Json head = foreign_json_or_null(line);
  std::string text = read_text(head, "text");
  if (read_number(head, "weft_journal", 0) != 1 || hash_of(text) != read_text(head, "hash")) return std::nullopt;

  Recoverable document{.journal = path, .file = read_text(head, "file"), .origin = read_text(head, "origin")};
  document.gestures.push_back(read_text(head, "gesture"));
  while (std::getline(stream, line) && apply_line(line, text, document)) {
  }
  std::error_code error;
  const auto age = fs::file_time_type::clock::now() - fs::last_write_time(path, error);
  document.time =
      std::chrono::system_clock::now() - std::chrono::duration_cast<std::chrono::system_clock::duration>(age);
  try {
    document.workflow = parse_workflow(text, path.string());
  } catch (const GraphError&) {
    return std::nullopt;
  }
  return document;
}

}  // namespace weft::editor
