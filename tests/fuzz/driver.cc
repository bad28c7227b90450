// Runs a fuzz target where there is no libFuzzer: with g++ and its sanitizers, as scripts/test does. First every file
// that it is given, then inputs that are made of them, as long as it is asked to. It does not see which code an input
// reaches; scripts/fuzz does, with libFuzzer, and finds what the kept inputs are made of.
//
//   fuzz_NAME [-max_total_time=SECONDS] [-seed=N] [-artifact_prefix=PATH] FILE|FOLDER…      (libFuzzer's own flags)
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr unsigned input_seconds_max = 20;
constexpr long memory_kib_max = 1536 * 1024;
constexpr std::size_t made_bytes_max = 16 * 1024;

// For the handlers of what ends the program, which may do little.
const std::string* current = nullptr;
std::string artifact_prefix = "./";
std::string program;

void keep_current() {
  if (current == nullptr) return;
  const std::string input = *std::exchange(current, nullptr);
  const std::string path = artifact_prefix + "crash-" + std::to_string(std::hash<std::string>()(input));
  const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  const bool kept = file >= 0 && ::write(file, input.data(), input.size()) == static_cast<ssize_t>(input.size());
  if (file >= 0) ::close(file);
  std::fprintf(stderr, kept ? "\nagain: %s %s\n" : "\nnot kept: %s %s\n", program.c_str(), path.c_str());
}

void on_signal(int signal) {
  if (signal == SIGALRM) std::fprintf(stderr, "an input took more than %u s\n", input_seconds_max);
  keep_current();
  ::_exit(1);
}

void run(const std::string& input) {
  current = &input;
  ::alarm(input_seconds_max);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  ::alarm(0);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  if (usage.ru_maxrss > memory_kib_max) {
    std::fprintf(stderr, "the program has come to need %ld MiB\n", usage.ru_maxrss / 1024);
    keep_current();
    ::_exit(1);
  }
  current = nullptr;
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Makes inputs out of others.
class Mutator {
 public:
  Mutator(const std::vector<std::string>& inputs, std::uint64_t seed) : inputs_(inputs), random_(seed) {
    std::set<std::string> words;
    for (const std::string& input : inputs) {
      for (std::size_t begin = 0; begin < input.size() && words.size() < 4'000;) {
        const auto of_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
        const auto end = std::find_if_not(input.begin() + static_cast<std::ptrdiff_t>(begin), input.end(), of_word);
        const auto length = static_cast<std::size_t>(end - input.begin()) - begin;
        if (length >= 3 && length <= 40) words.insert(input.substr(begin, length));
        begin += length + 1;
      }
    }
    words_.assign(words.begin(), words.end());
  }

  std::string next() {
    std::string text = inputs_.empty() ? std::string() : inputs_[below(inputs_.size())];
    for (std::size_t changes = 1 + below(6); changes > 0; --changes) change(text);
    if (text.size() > made_bytes_max) text.resize(made_bytes_max);
    return text;
  }

 private:
  std::size_t below(std::size_t count) { return count == 0 ? 0 : random_() % count; }

  void insert(std::string& text, std::string_view piece) { text.insert(below(text.size() + 1), piece); }

  void change(std::string& text) {
    static constexpr std::array<std::string_view, 24> odd = {
        "\"",   "\\", "{",       "}", "[",     "]",    ",",    ":",    "\n",      std::string_view("\0", 1),
        "\xff", "%",  "\\ud800", "-", "1e400", "null", "true", "\r\n", "\\u0000", "\xef\xbb\xbf",
        "\xc3", "0",  "=",       ";"};
    static constexpr std::array<std::string_view, 10> numbers = {"0",
                                                                 "-1",
                                                                 "255",
                                                                 "65536",
                                                                 "2147483648",
                                                                 "4294967296",
                                                                 "9223372036854775807",
                                                                 "9223372036854775808",
                                                                 "18446744073709551616",
                                                                 "1e18"};
    const std::size_t at = below(text.size());
    const std::size_t length = 1 + below(below(4) == 0 ? text.size() : 8);
    switch (below(10)) {
      case 0:
        if (!text.empty()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      case 1:
        if (!text.empty()) text[at] = static_cast<char>(random_());
        break;
      case 2: text.erase(at, length); break;
      case 3: insert(text, std::string(text.substr(at, length))); break;
      case 4: insert(text, odd[below(odd.size())]); break;
      case 5:
        if (!words_.empty()) insert(text, words_[below(words_.size())]);
        break;
      case 6: change_number(text, numbers[below(numbers.size())]); break;
      case 7: {
        const std::string& other = inputs_.empty() ? text : inputs_[below(inputs_.size())];
        insert(text, std::string(other.substr(below(other.size()), 1 + below(64))));
        break;
      }
      case 8: {
        const std::string& other = inputs_.empty() ? text : inputs_[below(inputs_.size())];
        text = text.substr(0, at) + std::string(other.substr(below(other.size())));
        break;
      }
      default: text.resize(at); break;
    }
  }

  void change_number(std::string& text, std::string_view number) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto from = text.begin() + static_cast<std::ptrdiff_t>(below(text.size()));
    const auto begin = std::find_if(from, text.end(), digit);
    if (begin != text.end()) text.replace(begin, std::find_if_not(begin, text.end(), digit), number);
  }

  const std::vector<std::string>& inputs_;
  std::vector<std::string> words_;
  std::mt19937_64 random_;
};

// Nothing when the argument is not this flag.
const char* value_of(const char* argument, std::string_view flag) {
  return std::string_view(argument).starts_with(flag) ? argument + flag.size() : nullptr;
}

}  // namespace

int main(int count, char** arguments) {
  program = arguments[0];
  std::uint64_t seconds = 0;
  std::uint64_t seed = std::random_device()();
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < count; ++i) {
    if (const char* text = value_of(arguments[i], "-max_total_time=")) {
      std::from_chars(text, text + std::strlen(text), seconds);
    } else if (const char* number = value_of(arguments[i], "-seed=")) {
      std::from_chars(number, number + std::strlen(number), seed);
    } else if (const char* prefix = value_of(arguments[i], "-artifact_prefix=")) {
      artifact_prefix = prefix;
      std::filesystem::create_directories(std::filesystem::path(artifact_prefix).parent_path());
    } else if (std::filesystem::is_directory(arguments[i])) {
      for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) files.push_back(entry.path());
    } else if (std::filesystem::exists(arguments[i])) {
      files.emplace_back(arguments[i]);
    } else {
      std::fprintf(stderr, "%s: there is no %s\n", arguments[0], arguments[i]);
      return 2;
    }
  }
  if (&__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(&keep_current);
  ::signal(SIGABRT, &on_signal);
  ::signal(SIGALRM, &on_signal);
  ::signal(SIGPIPE, SIG_IGN);

  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const std::filesystem::path& file : files) run(inputs.emplace_back(contents(file)));
  std::uint64_t made = 0;
  Mutator mutator(inputs, seed);
  const auto begin = std::chrono::steady_clock::now();
  for (const auto end = begin + std::chrono::seconds(seconds); std::chrono::steady_clock::now() < end; ++made)
    run(mutator.next());
  std::printf("%zu kept inputs, then %llu made of them in %llu s (-seed=%llu)\n", inputs.size(),
              static_cast<unsigned long long>(made), static_cast<unsigned long long>(seconds),
              static_cast<unsigned long long>(seed));
  return 0;
}
