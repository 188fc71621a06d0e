#include "nodes/sd/text/word_piece.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <fstream>

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/model_json.h"
#include "nodes/sd/text/code_points.h"

namespace weft::sd {
namespace {

constexpr std::size_t kLongestWord = 100;  // in letters; longer ones are unknown

bool is_space(std::int32_t point) {
  if ((point >= 9 && point <= 13) || point == 0x85) return true;
  const auto category = utf8proc_category(point);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

bool is_control(std::int32_t point) {
  const auto category = utf8proc_category(point);
  return point == 0xFFFD || category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
      category == UTF8PROC_CATEGORY_CN || category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CS;
}

// Signs such as $ and ^ count too.
bool is_punctuation(std::int32_t point) {
  const bool ascii = (point >= 33 && point <= 47) || (point >= 58 && point <= 64) || (point >= 91 && point <= 96) ||
      (point >= 123 && point <= 126);
  const auto category = utf8proc_category(point);
  return ascii || (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO);
}

// Ideographs that stand for words by themselves (the CJK blocks that BERT was trained with).
bool is_ideograph(std::int32_t point) {
  return (point >= 0x4E00 && point <= 0x9FFF) || (point >= 0x3400 && point <= 0x4DBF) ||
      (point >= 0x20000 && point <= 0x2A6DF) || (point >= 0x2A700 && point <= 0x2CEAF) ||
      (point >= 0xF900 && point <= 0xFAFF) || (point >= 0x2F800 && point <= 0x2FA1F);
}

bool stands_alone(std::int32_t point) { return is_punctuation(point) || is_ideograph(point); }

std::string as_utf8(std::int32_t point) {
  std::string text;
  append_utf8(text, point);
  return text;
}

}  // namespace

WordPieceVocabulary WordPieceVocabulary::from_file(const std::filesystem::path& vocab_txt) {
  std::ifstream in(vocab_txt);
  if (!in) throw ModelError(vocab_txt.string(), "there is no such file", "it is bert-base-uncased's vocabulary");
  WordPieceVocabulary vocabulary;
  std::int64_t id = 0;
  for (std::string line; std::getline(in, line); ++id) {
    if (line.ends_with('\r')) line.pop_back();
    vocabulary.ids_.emplace(std::move(line), id);
  }
  vocabulary.require_special_tokens(vocab_txt.string());
  return vocabulary;
}

WordPieceVocabulary WordPieceVocabulary::from_tokenizer_json(const std::filesystem::path& path) {
  const nlohmann::json file = read_model_json(path);
  const auto model = file.find("model");
  const bool fits = model != file.end() && model->is_object() && model->contains("type") &&
      model->at("type") == "WordPiece" && model->contains("vocab") && model->at("vocab").is_object();
  if (!fits)
    throw ModelError(path.string(), "holds no tokenizer of the kind WordPiece, which BERT's is",
        "use the tokenizer folder that came with the model");
  WordPieceVocabulary vocabulary;
  for (const auto& [piece, id] : model->at("vocab").items()) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() > 10'000'000)
      throw ModelError(path.string(), fmt::format("gives \"{}\" an id that is none", piece), "download it again");
    vocabulary.ids_.emplace(piece, id.get<std::int64_t>());
  }
  vocabulary.require_special_tokens(path.string());
  return vocabulary;
}

void WordPieceVocabulary::require_special_tokens(const std::string& origin) {
  for (const char* token : {"[CLS]", "[SEP]", "[PAD]", "[UNK]"}) {
    if (find(token) < 0) {
      throw ModelError(origin, fmt::format("is not a vocabulary of BERT: it has no {}", token),
          "give bert-base-uncased's vocab.txt");
    }
  }
  unknown_id_ = find("[UNK]");
}

std::int64_t WordPieceVocabulary::find(std::string_view piece) const {
  const auto found = ids_.find(std::string(piece));
  return found == ids_.end() ? -1 : found->second;
}

std::string WordPieceVocabulary::readable(const std::string& piece) {
  return piece.starts_with("##") ? "\u2026" + piece.substr(2) : piece;
}

std::vector<std::int64_t> WordPieceVocabulary::encode(std::string_view text) const {
  std::vector<std::int64_t> ids;
  std::vector<std::string> word;
  const auto end_word = [&] {
    if (!word.empty()) split_word(word, ids);
    word.clear();
  };
  for (const std::int32_t point : normalised(text, Normalisation::Decomposed)) {
    if (is_space(point)) {
      end_word();
    } else if (stands_alone(point)) {
      end_word();
      split_word({as_utf8(point)}, ids);
    } else if (!is_control(point) && utf8proc_category(point) != UTF8PROC_CATEGORY_MN) {
      word.push_back(as_utf8(utf8proc_tolower(point)));
    }
  }
  end_word();
  return ids;
}

void WordPieceVocabulary::split_word(const std::vector<std::string>& letters, std::vector<std::int64_t>& ids) const {
  std::vector<std::int64_t> pieces;
  std::size_t begin = 0;
  while (begin < letters.size() && letters.size() <= kLongestWord) {
    std::string piece = begin == 0 ? "" : "##";
    std::int64_t longest = -1;
    std::size_t next = begin;
    for (std::size_t end = begin; end < letters.size(); ++end) {
      piece += letters[end];
      if (const std::int64_t id = find(piece); id >= 0) {
        longest = id;
        next = end + 1;
      }
    }
    if (longest < 0) break;
    pieces.push_back(longest);
    begin = next;
  }
  if (begin < letters.size()) pieces = {unknown_id_};
  ids.insert(ids.end(), pieces.begin(), pieces.end());
}

}  // namespace weft::sd
