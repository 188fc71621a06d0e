#include "nodes/sd/text/clip_vocabulary.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/model_json.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

using nlohmann::json;

constexpr const char* kWordEnd = "</w>";
constexpr std::uint64_t kMostIds = 10'000'000;

std::string utf8(std::uint32_t code) {
  if (code < 0x80) return {static_cast<char>(code)};
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

// Vocabularies are text, so each byte is written as a printable character: itself where that is printable
// Latin-1, otherwise the next one from U+0100 on. The order of the printable ones first is also the order of
// their ids.
struct ByteAlphabet {
  std::array<std::string, 256> text;
  std::array<unsigned char, 256> in_id_order;
};

ByteAlphabet make_byte_alphabet() {
  ByteAlphabet alphabet;
  const auto printable = [](int byte) { return (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173); };
  std::size_t next = 0;
  for (int byte = 0; byte < 256; ++byte) {
    if (!printable(byte)) continue;
    alphabet.text[static_cast<std::size_t>(byte)] = utf8(static_cast<std::uint32_t>(byte));
    alphabet.in_id_order[next++] = static_cast<unsigned char>(byte);
  }
  std::uint32_t substitute = 256;
  for (int byte = 0; byte < 256; ++byte) {
    if (printable(byte)) continue;
    alphabet.text[static_cast<std::size_t>(byte)] = utf8(substitute++);
    alphabet.in_id_order[next++] = static_cast<unsigned char>(byte);
  }
  return alphabet;
}

const ByteAlphabet& byte_alphabet() {
  static const ByteAlphabet alphabet = make_byte_alphabet();
  return alphabet;
}

/// The bytes that a piece stands for; the piece itself if it is none of this alphabet.
std::string bytes_of(std::string_view piece) {
  const auto& letters = byte_alphabet().text;
  std::string bytes;
  for (std::size_t at = 0; at < piece.size();) {
    const std::size_t length = static_cast<unsigned char>(piece[at]) < 0x80 ? 1 : 2;
    const auto letter = std::ranges::find(letters, piece.substr(at, length));
    if (letter == letters.end()) return std::string(piece);
    bytes += static_cast<char>(letter - letters.begin());
    at += length;
  }
  return bytes;
}

std::uint64_t pair_key(std::int64_t left, std::int64_t right) {
  return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
}

std::vector<std::string> merge_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool comment = lines.empty() && line.find("#version") != std::string_view::npos;
    if (!line.empty() && !comment) lines.emplace_back(line);
  }
  return lines;
}

std::string read_gz(const fs::path& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw ModelError(path.string(), "cannot be opened", "run ./weft --setup-only, which fetches it");
  constexpr std::size_t kMost = 64 << 20;
  std::string text;
  std::array<char, 1 << 16> block;
  int count = 0;
  while ((count = gzread(file.get(), block.data(), block.size())) > 0 && text.size() < kMost) {
    text.append(block.data(), static_cast<std::size_t>(count));
  }
  if (count != 0) throw ModelError(path.string(), "is damaged", "run ./weft --setup-only, which fetches it");
  return text;
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw ModelError(path.string(), "cannot be opened", "download the whole tokenizer folder");
  return {std::istreambuf_iterator<char>(in), {}};
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

[[noreturn]] void refuse_merge(const std::string& origin, const std::string& text) {
  throw ModelError(origin, fmt::format("merge {} is not a pair of pieces", text), "download it again");
}

/// "left right" -> left, right
std::pair<std::string, std::string> pair_of(const std::string& line, const std::string& origin) {
  const std::size_t space = line.find(' ');
  if (space == std::string::npos) refuse_merge(origin, fmt::format("\"{}\"", line));
  return {line.substr(0, space), line.substr(space + 1)};
}

Pairs pairs_of(const std::vector<std::string>& lines, const std::string& origin) {
  Pairs pairs;
  for (const auto& line : lines) pairs.push_back(pair_of(line, origin));
  return pairs;
}

std::string shown(const json& value) { return value.dump(-1, ' ', /*ensure_ascii=*/true).substr(0, 80); }

/// A list of ["left", "right"], or of "left right" as older versions wrote it.
Pairs pairs_of(const json& merges, const std::string& origin) {
  if (!merges.is_array()) throw ModelError(origin, "has no list of merges", "download it again");
  Pairs pairs;
  for (const json& merge : merges) {
    if (merge.is_string()) {
      pairs.push_back(pair_of(merge.get<std::string>(), origin));
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      pairs.emplace_back(merge[0], merge[1]);
    } else {
      refuse_merge(origin, shown(merge));
    }
  }
  return pairs;
}

/// Null where there is none.
const json& member(const json& object, const char* key) {
  static const json kNone;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : kNone;
}

}  // namespace

ClipVocabulary ClipVocabulary::from_merges_gz(const fs::path& path) {
  constexpr std::size_t kMerges = 49152 - 256 - 2;  // the file has more; CLIP stopped there
  std::vector<std::string> lines = merge_lines(read_gz(path));
  if (lines.size() < kMerges) throw ModelError(path.string(), "has too few merges", "run ./weft --setup-only");
  lines.resize(kMerges);
  ClipVocabulary vocabulary;
  const auto add = [&](std::string piece) {
    vocabulary.ids_.emplace(std::move(piece), static_cast<std::int64_t>(vocabulary.ids_.size()));
  };
  const ByteAlphabet& alphabet = byte_alphabet();
  for (const unsigned char byte : alphabet.in_id_order) add(alphabet.text[byte]);
  for (const unsigned char byte : alphabet.in_id_order) add(alphabet.text[byte] + kWordEnd);
  for (std::string line : lines) {
    line.erase(std::min(line.find(' '), line.size()), 1);
    add(std::move(line));
  }
  add("<|startoftext|>");
  add("<|endoftext|>");
  vocabulary.add_merges(pairs_of(lines, path.string()), path.string());
  return vocabulary;
}

ClipVocabulary ClipVocabulary::from_json(const fs::path& vocab, const fs::path& merges) {
  ClipVocabulary vocabulary;
  vocabulary.add_pieces(read_model_json(vocab), vocab.string());
  vocabulary.add_merges(pairs_of(merge_lines(read_text(merges)), merges.string()), merges.string());
  return vocabulary;
}

ClipVocabulary ClipVocabulary::from_tokenizer_json(const fs::path& path) {
  const json file = read_model_json(path);
  const json& model = member(file, "model");
  const json& type = member(model, "type");
  if (!type.is_null() && type != "BPE")
    throw ModelError(path.string(), fmt::format("holds a tokenizer of the kind {}, and CLIP's is BPE", shown(type)),
        "use the tokenizer folder that came with the model");
  if (member(model, "end_of_word_suffix") != kWordEnd)
    throw ModelError(path.string(), "holds a tokenizer that is not of CLIP's kind (its words do not end in </w>)",
        "use the tokenizer folder that came with the model");
  ClipVocabulary vocabulary;
  vocabulary.add_pieces(member(model, "vocab"), path.string());
  vocabulary.add_merges(pairs_of(member(model, "merges"), path.string()), path.string());
  return vocabulary;
}

void ClipVocabulary::add_pieces(const json& pieces, const std::string& origin) {
  if (!pieces.is_object() || pieces.empty())
    throw ModelError(origin, "has no pieces of words with their ids", "download it again");
  for (const auto& [piece, id] : pieces.items()) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() > kMostIds)
      throw ModelError(origin, fmt::format("gives \"{}\" the id {}", piece, shown(id)), "download it again");
    ids_.emplace(piece, id.get<std::int64_t>());
  }
}

void ClipVocabulary::add_merges(const std::vector<Pair>& pairs, const std::string& origin) {
  std::int32_t rank = 0;
  for (const auto& [left, right] : pairs) {
    const std::int64_t result = find(left + right);
    if (find(left) < 0 || find(right) < 0 || result < 0) {
      throw ModelError(origin, fmt::format("joins \"{} {}\", which the vocabulary does not have", left, right),
          "pieces and merges are of different tokenizers: download the whole folder again");
    }
    merges_.emplace(pair_key(find(left), find(right)), Merge{rank++, result});
  }
}

std::string ClipVocabulary::merges_text() const {
  std::unordered_map<std::int64_t, const std::string*> pieces;
  for (const auto& [piece, id] : ids_) pieces.emplace(id, &piece);
  std::vector<std::pair<std::int32_t, std::uint64_t>> ordered;
  for (const auto& [pair, merge] : merges_) ordered.emplace_back(merge.rank, pair);
  std::ranges::sort(ordered);
  std::string text;
  for (const auto& [rank, pair] : ordered)
    text += *pieces.at(static_cast<std::int64_t>(pair >> 32)) + ' ' +
        *pieces.at(static_cast<std::int64_t>(pair & 0xffffffff)) + '\n';
  return text;
}

std::int64_t ClipVocabulary::find(std::string_view piece) const {
  const auto found = ids_.find(std::string(piece));
  return found == ids_.end() ? -1 : found->second;
}

std::string ClipVocabulary::readable(const std::string& piece) {
  if (piece.starts_with("<|") && piece.ends_with("|>")) return piece;
  const bool ends_word = piece.ends_with(kWordEnd);
  const std::string spelt = ends_word ? piece.substr(0, piece.size() - std::string_view(kWordEnd).size()) : piece;
  std::string text = bytes_of(spelt);
  if (!is_utf8(text)) text = spelt;  // a part of a character
  return ends_word ? text : text + "\u2026";
}

void ClipVocabulary::split_word(std::string_view word, std::int64_t unknown, std::vector<std::int64_t>& ids) const {
  std::vector<std::int64_t> pieces;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const std::string& letter = byte_alphabet().text[static_cast<unsigned char>(word[i])];
    const std::int64_t id = find(i + 1 == word.size() ? letter + kWordEnd : letter);
    pieces.push_back(id < 0 ? unknown : id);
  }
  while (pieces.size() > 1) {
    const Merge* best = nullptr;
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      const auto found = merges_.find(pair_key(pieces[i], pieces[i + 1]));
      if (found != merges_.end() && (!best || found->second.rank < best->rank)) best = &found->second;
    }
    if (!best) break;
    // Everywhere from left to right, as one merge of the training did.
    std::vector<std::int64_t> joined;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const auto found = i + 1 < pieces.size() ? merges_.find(pair_key(pieces[i], pieces[i + 1])) : merges_.end();
      const bool joins = found != merges_.end() && found->second.rank == best->rank;
      joined.push_back(joins ? best->result : pieces[i]);
      if (joins) ++i;
    }
    pieces = std::move(joined);
  }
  ids.insert(ids.end(), pieces.begin(), pieces.end());
}

}  // namespace weft::sd
