#include "nodes/sd/text/tokenizer.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/model_json.h"
#include "nodes/sd/text/code_points.h"
#include "nodes/sd/text/tokenizer_files.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStart = "<|startoftext|>";
constexpr std::string_view kEnd = "<|endoftext|>";

enum class Kind { Space, Letter, Number, Other };

Kind kind_of(utf8proc_int32_t point) {
  if ((point >= 9 && point <= 13) || point == 0x85) return Kind::Space;
  switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return Kind::Space;
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return Kind::Letter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return Kind::Number;
    default:
      return Kind::Other;
  }
}

// Composed as far as possible (NFC), spaces of any kind and number one space, then lower case.
CodePoints normalise(std::string_view text) {
  CodePoints lower;
  for (const auto point : normalised(text, Normalisation::Composed)) {
    const bool space = kind_of(point) == Kind::Space;
    if (space && !lower.empty() && lower.back() == ' ') continue;
    lower.push_back(space ? ' ' : utf8proc_tolower(point));
    if (point == 0x130) lower.push_back(0x307);  // the one letter whose lower case is two code points
  }
  return lower;
}

// What stands for itself wherever it is met: English endings.
constexpr std::array<std::string_view, 7> kFixedWords{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};

std::size_t fixed_word_length(const CodePoints& points, std::size_t at) {
  for (const auto word : kFixedWords) {
    if (points.size() - at < word.size()) continue;
    const bool same = std::equal(word.begin(), word.end(), points.begin() + static_cast<std::ptrdiff_t>(at),
        [](char c, utf8proc_int32_t point) { return static_cast<unsigned char>(c) == point; });
    if (same) return word.size();
  }
  return 0;
}

// The end of the word that begins at `at`: letters together, each digit alone, everything else together.
std::size_t word_end(const CodePoints& points, std::size_t at) {
  if (const std::size_t fixed = fixed_word_length(points, at)) return at + fixed;
  const Kind kind = kind_of(points[at]);
  if (kind == Kind::Number) return at + 1;
  std::size_t end = at + 1;
  while (end < points.size() && kind_of(points[end]) == kind) ++end;
  return end;
}

/// "bos_token" and the like: a text, or an object with "content".
std::optional<std::string> special_token(const ConfigFile& file, const char* key) {
  const nlohmann::json& token = file[key];
  if (!token.is_object()) return file.text(key);
  if (!token.contains("content") || !token["content"].is_string()) file.fail(key, "a text");
  return token["content"].get<std::string>();
}

}  // namespace

Tokenizer::Tokenizer(Vocabulary vocabulary)
    : vocabulary_(std::move(vocabulary)),
      added_(std::holds_alternative<ClipVocabulary>(vocabulary_) ? normalise : decode_utf8) {}

Tokenizer Tokenizer::clip(const fs::path& merges_gz) {
  Tokenizer tokenizer(ClipVocabulary::from_merges_gz(merges_gz));
  tokenizer.start_id_ = tokenizer.find(kStart);
  tokenizer.end_id_ = tokenizer.pad_id_ = tokenizer.unknown_id_ = tokenizer.find(kEnd);
  tokenizer.added_.add({std::string(kStart), tokenizer.start_id_});
  tokenizer.added_.add({std::string(kEnd), tokenizer.end_id_, /*normalised=*/false});
  return tokenizer;
}

Tokenizer Tokenizer::from_folder(const fs::path& folder) {
  const bool joined = fs::exists(folder / "tokenizer.json");
  if (!joined && !fs::exists(folder / "vocab.json"))
    throw ModelError(
        folder.string(), "has neither tokenizer.json nor vocab.json", "download the whole tokenizer folder");
  Tokenizer tokenizer(joined ? ClipVocabulary::from_tokenizer_json(folder / "tokenizer.json")
                             : ClipVocabulary::from_json(folder / "vocab.json", folder / "merges.txt"));
  const std::vector<AddedToken> added = added_tokens_of(folder);
  for (const AddedToken& token : added) tokenizer.added_.add(token);
  const ConfigFile config(folder / "tokenizer_config.json"), map(folder / "special_tokens_map.json");
  const auto special = [&](const char* key, std::string_view usual, bool normalised) {
    auto token = special_token(config, key);  // which knows best
    if (!token) token = special_token(map, key);
    const std::string content = token.value_or(std::string(usual));
    const std::int64_t id = tokenizer.find(content);
    if (id < 0)
      throw ModelError(
          folder.string(), fmt::format("does not have {} \"{}\"", key, content), "the tokenizer folder is incomplete");
    const bool text_may_hold_it = key[0] != 'p' && key[0] != 'u' && !content.empty();
    if (text_may_hold_it && tokenizer.added_.find(content) < 0) tokenizer.added_.add({content, id, normalised});
    return id;
  };
  tokenizer.start_id_ = special("bos_token", kStart, /*normalised=*/true);
  tokenizer.end_id_ = special("eos_token", kEnd, /*normalised=*/false);
  tokenizer.pad_id_ = special("pad_token", kEnd, false);
  tokenizer.unknown_id_ = special("unk_token", kEnd, false);
  return tokenizer;
}

Tokenizer Tokenizer::bert(const fs::path& vocab_txt) { return bert(WordPieceVocabulary::from_file(vocab_txt)); }

Tokenizer Tokenizer::bert_from_folder(const fs::path& folder) {
  const bool joined = fs::exists(folder / "tokenizer.json");
  Tokenizer tokenizer = bert(joined ? WordPieceVocabulary::from_tokenizer_json(folder / "tokenizer.json")
                                    : WordPieceVocabulary::from_file(folder / "vocab.txt"));
  for (const AddedToken& token : added_tokens_of(folder)) tokenizer.added_.add(token);
  return tokenizer;
}

Tokenizer Tokenizer::bert(WordPieceVocabulary vocabulary) {
  Tokenizer tokenizer(std::move(vocabulary));
  tokenizer.start_id_ = tokenizer.find("[CLS]");
  tokenizer.end_id_ = tokenizer.find("[SEP]");
  tokenizer.pad_id_ = tokenizer.find("[PAD]");
  tokenizer.unknown_id_ = tokenizer.find("[UNK]");
  return tokenizer;
}

std::int64_t Tokenizer::find(std::string_view piece) const {
  const std::int64_t id = std::visit([&](const auto& vocabulary) { return vocabulary.find(piece); }, vocabulary_);
  return id >= 0 ? id : added_.find(piece);
}

Tokenizer Tokenizer::padded_with(std::int64_t id) const {
  Tokenizer other = *this;
  other.pad_id_ = id;
  return other;
}

std::size_t Tokenizer::vocabulary_size() const {
  std::int64_t largest = -1;
  for (const auto& [content, token] : added_.tokens()) largest = std::max(largest, token.id);
  std::visit(
      [&](const auto& vocabulary) {
        for (const auto& [piece, id] : vocabulary.ids()) largest = std::max(largest, id);
      },
      vocabulary_);
  return static_cast<std::size_t>(largest + 1);
}

std::vector<std::string> Tokenizer::spell(const std::vector<std::int64_t>& ids) const {
  std::unordered_map<std::int64_t, std::string> texts;  // of these ids alone: a vocabulary is large
  for (const std::int64_t id : ids) texts[id];
  std::visit(
      [&](const auto& vocabulary) {
        for (const auto& [piece, id] : vocabulary.ids())
          if (const auto wanted = texts.find(id); wanted != texts.end()) wanted->second = vocabulary.readable(piece);
      },
      vocabulary_);
  for (const auto& [content, token] : added_.tokens())
    if (const auto wanted = texts.find(token.id); wanted != texts.end()) wanted->second = content;
  std::vector<std::string> spelt;
  for (const std::int64_t id : ids) spelt.push_back(texts[id]);
  return spelt;
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view text) const {
  std::vector<std::int64_t> ids;
  for (const AddedTokens::Piece& piece : added_.split(text)) {
    if (piece.id) {
      ids.push_back(*piece.id);
    } else {
      encode_words(piece.text, ids);
    }
  }
  return ids;
}

void Tokenizer::encode_words(const CodePoints& points, std::vector<std::int64_t>& ids) const {
  const auto utf8 = [&](std::size_t begin, std::size_t end) {
    std::string text;
    for (std::size_t i = begin; i < end; ++i) append_utf8(text, points[i]);
    return text;
  };
  if (const auto* words = std::get_if<WordPieceVocabulary>(&vocabulary_)) {
    const std::vector<std::int64_t> more = words->encode(utf8(0, points.size()));
    ids.insert(ids.end(), more.begin(), more.end());
    return;
  }
  for (std::size_t at = 0; at < points.size();) {
    if (kind_of(points[at]) == Kind::Space) {
      ++at;
      continue;
    }
    const std::size_t end = word_end(points, at);
    std::get<ClipVocabulary>(vocabulary_).split_word(utf8(at, end), unknown_id_, ids);
    at = end;
  }
}

}  // namespace weft::sd
