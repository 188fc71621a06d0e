#include "tests/rooms/room_table.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

namespace weft::test {
namespace fs = std::filesystem;

namespace {

std::vector<std::string> words_in(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

bool is_below(const std::string& file, const std::string& folder) { return file.starts_with(folder + "/"); }

std::string first_folder(const std::string& path) { return path.substr(0, path.find('/')); }

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::vector<std::string> sources_below(const fs::path& root) {
  static const std::set<std::string> endings = {".h", ".cpp", ".cu", ".inc"};
  static const std::set<std::string> elsewhere = {"build", "out", "shared", "tests"};
  std::vector<std::string> found;
  for (fs::recursive_directory_iterator at(root), end; at != end; ++at) {
    const std::string name = at->path().filename();
    if (at->is_directory() && (name.starts_with(".") || (at.depth() == 0 && elsewhere.contains(name))))
      at.disable_recursion_pending();
    else if (at->is_regular_file() && endings.contains(at->path().extension()))
      found.push_back(fs::relative(at->path(), root));
  }
  std::ranges::sort(found);
  return found;
}

RoomTable::RoomTable(const fs::path& file) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (!line.empty() && line[0] != '#') read_line(line);
}

void RoomTable::read_line(const std::string& line) {
  const std::size_t colon = line.find(':');
  std::string allows = line.substr(colon + 1);
  std::ranges::replace(allows, '|', ' ');
  std::vector<std::string> head = words_in(line.substr(0, colon));
  if (head[0] == "library") {
    libraries_.push_back({head[1], words_in(allows)});
    return;
  }
  std::vector<std::string> files;
  if (head.size() > 2) files.assign(head.begin() + 2, head.end());
  rooms_.push_back({head[0], files, words_in(allows)});
}

std::vector<std::string> RoomTable::problems() const {
  std::vector<std::string> found;
  std::set<std::string> above;
  for (const Library& library : libraries_) above.insert(library.name);
  for (const Room& room : rooms_) {
    for (const std::string& name : room.allows)
      if (!above.contains(name)) found.push_back(room.name + ": " + name + " is not above it");
    if (!above.insert(room.name).second) found.push_back(room.name + " stands there twice");
  }
  return found;
}

std::set<std::string> RoomTable::below(const std::string& room) const {
  std::set<std::string> found = {room};
  for (auto at = rooms_.rbegin(); at != rooms_.rend(); ++at)  // a room's own arrows lead to rooms above it in the table
    if (found.contains(at->name)) found.insert(at->allows.begin(), at->allows.end());
  found.erase(room);
  return found;
}

bool RoomTable::is_divided(const std::string& room) const {
  return std::ranges::any_of(
      rooms_, [&](const Room& other) { return other.files.empty() && is_below(other.name, room); });
}

const Room* RoomTable::room_of(const std::string& file) const {
  const Room* best = nullptr;
  for (const Room& room : rooms_) {
    if (contains(room.files, file)) return &room;
    if (room.files.empty() && is_below(file, room.name) && (!best || best->name.size() < room.name.size()))
      best = &room;
  }
  const bool direct = best && file.find('/', best->name.size() + 1) == std::string::npos;
  return best && (direct || !is_divided(best->name)) ? best : nullptr;
}

std::string RoomTable::target_of(const std::string& include) const {
  if (const Room* room = room_of(include)) return room->name;
  for (const Library& library : libraries_)
    for (const std::string& header : library.headers)
      if (include.starts_with(header)) return library.name;
  const std::string folder = first_folder(include);
  const bool ours = std::ranges::any_of(rooms_, [&](const Room& room) { return first_folder(room.name) == folder; });
  return include.find('/') != std::string::npos && (ours || folder == "tests") ? folder : "";
}

void RoomTable::look_at(
    const fs::path& root, const std::string& file, std::set<std::string>& used, std::vector<std::string>& wrong) const {
  static const std::regex include(R"(^\s*#\s*include\s*[<"]([^">]+)[">])");
  const Room* room = room_of(file);
  if (!room) {
    wrong.push_back(file + " is in no room");
    return;
  }
  std::ifstream lines(root / file);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::smatch match;
    if (!std::regex_search(line, match, include)) continue;
    const std::string target = target_of(match[1]);
    if (target.empty() || target == room->name) continue;
    used.insert(room->name + ": " + target);
    if (!contains(room->allows, target))
      wrong.push_back(file + ":" + std::to_string(number) + ": " + room->name + " must not include " + match[1].str());
  }
}

std::vector<std::string> RoomTable::differences_from(const fs::path& root) const {
  std::vector<std::string> wrong;
  std::set<std::string> used;
  for (const std::string& file : sources_below(root)) look_at(root, file, used, wrong);
  for (const Room& room : rooms_)
    for (const std::string& name : room.allows)
      if (!used.contains(room.name + ": " + name))
        wrong.push_back(room.name + ": " + name + " is allowed, but nothing there includes it");
  return wrong;
}

}  // namespace weft::test
