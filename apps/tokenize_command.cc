// SPDX-License-Identifier: Apache-2.0
#include "tokenize_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/mapped_file.h"
#include "engine/open_tokenizer.h"
#include "exit_codes.h"
#include "input.h"
#include "model_flags.h"
#include "picture/decode.h"
#include "picture_files.h"
#include "refuse.h"
#include "text/prompt.h"
#include "text/python_json.h"
#include "text/tokenizer.h"
#include "text/utf8.h"
#include "weights/checkpoint.h"

namespace sirocco {
namespace {

struct TokenizeFlags {
  std::string tokenizer;
  std::optional<std::string> text;  // nothing or "-": standard input
  std::string jsonl;
  std::string bench;
  std::string version;
  bool raw = false;
  bool json = false;
};

std::string json_line(std::span<const TokenId> ids, std::string_view text) {
  std::string line = fmt::format("{{\"ids\": [{}], \"text\": ", fmt::join(ids, ", "));
  dump_python_string(text, line);
  return line + "}";
}

std::string error_line(std::string_view message) {
  std::string line = "{\"error\": ";
  dump_python_string(message, line);
  return line + "}";
}

// The whole picture is decoded: a broken one would be refused by a model too.
Result<PictureGrid> grid_of(const ImageTokenConfig& config, std::string_view url) {
  const auto file = read_picture(url);
  if (!file) return tl::unexpected(file.error());
  const auto picture = decode_picture(*file);
  if (!picture) return tl::unexpected(picture.error());
  return picture_grid(config, picture->width, picture->height);
}

Result<PromptTokens> tokenize_request(const Tokenizer& tokenizer, const PythonJson& request) {
  if (const PythonJson* prompt = request.find("prompt"); prompt && !request.find("messages")) {
    const PythonJson* suffix = request.find("suffix");
    if (!prompt->is_string() || (suffix && !suffix->is_string() && !suffix->is_null()))
      return bad_input("request: expected prompt and suffix to be strings");
    return build_fim_prompt(tokenizer, prompt->text, suffix ? suffix->text : "");
  }
  return prompt_of_request(tokenizer, request, ChatRules::strict,
                           [&](std::string_view url) { return grid_of(*tokenizer.image(), url); });
}

std::string tokenize_line(const Tokenizer& tokenizer, bool raw, std::string_view line) {
  if (!is_valid_utf8(line)) return error_line("line: not valid UTF-8");
  const auto json = parse_python_json(line, "line");
  if (!json) return error_line(json.error().message);
  if (const PythonJson* request = json->find("request")) {
    const auto prompt = tokenize_request(tokenizer, *request);
    if (!prompt) return error_line(prompt.error().message);
    return json_line(prompt->ids, tokenizer.decode(prompt->ids, SpecialTokens::spell_out));
  }
  const PythonJson* text = json->find("text");
  if (!text || !text->is_string()) return error_line("line: expected {\"text\": …} or {\"request\": …}");
  const auto ids = raw ? tokenizer.encode_raw(text->text) : tokenizer.encode(text->text);
  return json_line(ids, tokenizer.decode(ids, SpecialTokens::spell_out));
}

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// One pass over text that the tokenizer has not seen before: its cache of pieces starts empty.
int bench(const Tokenizer& tokenizer, const std::string& path) {
  auto file = MappedFile::open(path);
  if (!file) return refuse(file.error());
  const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  if (!is_valid_utf8(text)) return refuse({ErrorKind::bad_input, path + ": not valid UTF-8"});
  const double begin = thread_seconds();
  const auto ids = tokenizer.encode(text);
  const double seconds = thread_seconds() - begin;
  const double megabytes = static_cast<double>(text.size()) / 1e6;
  fmt::print("{:.1f} MB, {} tokens, {:.2f} s of one thread: {:.1f} MB/s\n", megabytes, ids.size(), seconds,
             megabytes / seconds);
  return kExitDone;
}

// A tokenizer file, a directory with one, or else a model that brings its vocabulary (GGUF).
Result<Tokenizer> open_any(const std::string& path, const std::string& version) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const bool has_file = path.ends_with(".json") || fs::exists(fs::path(path) / "tekken.json", ignored) ||
                        fs::exists(fs::path(path) / "tokenizer.json", ignored);
  if (!has_file && fs::exists(path, ignored)) {
    auto checkpoint = Checkpoint::open(path, WeightFiles::optional);
    if (!checkpoint) return forward_error(checkpoint);
    return open_tokenizer(*checkpoint, version);
  }
  auto tokenizer = Tokenizer::open(path);
  if (!tokenizer || version.empty()) return tokenizer;
  const auto known = tokenizer_version_named(version);
  if (!known) return bad_input("--template: expected v3, v7, v11, v13 or v15");
  tokenizer->set_version(*known);
  return tokenizer;
}

// Ids in any notation: "1 2 3", "[1, 2, 3]". What does not fit an id is one that no vocabulary has.
std::vector<TokenId> numbers_in(std::string_view text) {
  std::vector<TokenId> ids;
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); p < end;) {
    TokenId id = 0;
    const auto [behind, error] = std::from_chars(p, end, id);
    if (error == std::errc::invalid_argument) {
      ++p;
      continue;
    }
    ids.push_back(error == std::errc() ? id : kNoToken);
    p = behind;
  }
  return ids;
}

int tokenize(const TokenizeFlags& options) {
  auto tokenizer = open_any(options.tokenizer, options.version);
  if (!tokenizer) return refuse(tokenizer.error());
  if (!options.bench.empty()) return bench(*tokenizer, options.bench);
  if (!options.jsonl.empty()) {
    const auto read = for_each_line(options.jsonl, [&](const std::string& line, size_t) {
      fmt::print("{}\n", tokenize_line(*tokenizer, options.raw, line));
      return true;
    });
    return read ? kExitDone : refuse(read.error());
  }
  const std::string text = options.text && *options.text != "-" ? *options.text : standard_input();
  const auto ids = options.raw ? tokenizer->encode_raw(text) : tokenizer->encode(text);
  if (options.json)
    fmt::print("{}\n", json_line(ids, tokenizer->decode(ids, SpecialTokens::spell_out)));
  else
    fmt::print("{}\n", fmt::join(ids, " "));
  return kExitDone;
}

}  // namespace

void add_tokenize_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<TokenizeFlags>();
  CLI::App* command = app.add_subcommand("tokenize", "text or chat requests to token ids");
  command
      ->add_option("TOKENIZER", options->tokenizer,
                   "tekken.json, tokenizer.json, a GGUF or a model directory")
      ->required();
  auto* text = command->add_option("TEXT", options->text, "the text; left out or -: standard input");
  auto* jsonl = command->add_option(
      "--jsonl", options->jsonl,
      "a file of {\"text\": …} or {\"request\": …} lines, or - for standard input; a line of JSON each");
  auto* bench = command->add_option("--bench", options->bench, "measure MB/s on a text file");
  for (auto* other : {text, jsonl}) bench->excludes(other);
  jsonl->excludes(text);
  add_template_flag(*command, options->version);
  command->add_flag("--raw", options->raw, "control tokens in the text such as [INST] are real");
  add_json_flag(*command, options->json)->description("print {\"ids\": […], \"text\": …} instead of ids alone");
  command->callback([options, &exit_code] { exit_code = tokenize(*options); });
}

void add_detokenize_command(CLI::App& app, int& exit_code) {
  struct DetokenizeOptions {
    std::string tokenizer;
    std::vector<TokenId> ids;
    bool special = false;
  };
  auto options = std::make_shared<DetokenizeOptions>();
  CLI::App* command = app.add_subcommand("detokenize", "token ids to text");
  command
      ->add_option("TOKENIZER", options->tokenizer,
                   "tekken.json, tokenizer.json, a GGUF or a model directory")
      ->required();
  command->add_option("IDS", options->ids, "token ids; left out: standard input");
  command->add_flag("--special", options->special, "spell control tokens out");
  command->callback([options, &exit_code] {
    auto tokenizer = open_any(options->tokenizer, "");
    if (!tokenizer) {
      exit_code = refuse(tokenizer.error());
      return;
    }
    if (options->ids.empty()) options->ids = numbers_in(standard_input());
    fmt::print("{}\n", tokenizer->decode(options->ids,
                                         options->special ? SpecialTokens::spell_out : SpecialTokens::skip));
  });
}

}  // namespace sirocco
