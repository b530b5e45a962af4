// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.examples.quickstart.Messages.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page {@code docs/messages.md} lists all error messages and warnings, each with its fix.
 *
 * <p>The fix is part of the message, or is listed in {@code message-fixes.txt}. {@code ./dev
 * generate} writes the page.
 */
class MessagesTest {
  private static final Path PAGE = Tree.ROOT.resolve("docs/messages.md");
  private static final Path TROUBLESHOOTING = Tree.ROOT.resolve("docs/troubleshooting.md");
  private static final Path FIXES = Path.of("src", "test", "resources", "message-fixes.txt");
  private static final String ALL = "All programs";
  private static final Pattern COMMAND =
      Pattern.compile("(?:[A-Z]{4,} [A-Z]{2,}|chmod|chown|sudo|\\./dev) [^,:]*");

  /** Matches a message that states the allowed values. */
  private static final Pattern REQUIREMENT =
      Pattern.compile(
          "(?:.* )?(?:must be|must have|may be) (?!used |set |quoted)(.+?)(?:, but (?:is|there) .*)?\\.?");

  /** A fix for the messages that match one of the patterns. */
  private record Fix(String program, List<String> patterns, String text) {
    private Optional<String> patternOf(Message message) {
      return program.equals(ALL) || program.equals(message.program())
          ? patterns.stream().filter(pattern -> matches(pattern, message.text())).findFirst()
          : Optional.empty();
    }

    private static boolean matches(String pattern, String text) {
      return text.matches(
          Stream.of(pattern.split("\\*", -1)).map(Pattern::quote).collect(joining(".*")));
    }
  }

  private static JavaMessages java;
  private static Set<Message> messages;

  @BeforeAll
  static void collect() throws IOException {
    java = Messages.inJava();
    messages = Messages.collect(java);
  }

  @Test
  void readsAllTextsOfExceptions() {
    assertThat(java.unread()).as("texts that JavaMessages does not understand").isEmpty();
  }

  @Test
  void pageHasEveryMessageWithItsFix() throws IOException {
    assertThat(messages).hasSizeGreaterThan(500);
    List<Fix> fixes = fixes();
    assertThat(messages.stream().filter(message -> fixOf(message, fixes) == null))
        .as(
            "messages without a fix. Add the fix to the message, e.g. \"…: use --json\", or add"
                + " the message to %s",
            FIXES)
        .isEmpty();
    String page = page(messages, fixes);
    if (Boolean.getBoolean("pg-hello.generate")) {
      Files.writeString(PAGE, page);
    } else {
      Set<String> lines = new LinkedHashSet<>(Files.readAllLines(PAGE));
      Set<String> expected = new LinkedHashSet<>(page.lines().toList());
      assertThat(expected.stream().filter(line -> !lines.contains(line)))
          .as("lines that the page lacks; ./dev generate refreshes it")
          .isEmpty();
      assertThat(lines.stream().filter(line -> !expected.contains(line)))
          .as("lines of the page without a message; ./dev generate refreshes it")
          .isEmpty();
    }
  }

  @Test
  void everyFixBelongsToAMessage() throws IOException {
    List<Fix> fixes = fixes();
    Set<String> used = new HashSet<>();
    for (Message message : messages) {
      if (message.fix() == null) {
        fixes.stream()
            .flatMap(fix -> fix.patternOf(message).map(p -> fix.program() + ": " + p).stream())
            .limit(1)
            .forEach(used::add);
      }
    }
    assertThat(
            fixes.stream()
                .flatMap(fix -> fix.patterns().stream().map(p -> fix.program() + ": " + p))
                .filter(pattern -> !used.contains(pattern)))
        .as("patterns in %s that no message needs", FIXES)
        .isEmpty();
    assertThat(fixes).hasSizeLessThan(250);
  }

  @Test
  void findsMessagesOfJava(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("A.java");
    Files.writeString(
        file,
        """
        class A {
          private static final String HELP = "; see --help";
          static void require(boolean right, String name) {
            if (!right) throw new IllegalArgumentException(name + " must be 1 or more");
          }
          void call(int a, String b) {
            require(a > 0, "the number of calls");
            String why = a > 2 ? "it is closed" : "it is full";
            LOG.log(Level.WARNING, "The file " + b + " is not read, because " + why);
            LOG.log(Level.DEBUG, "This is not a message");
            System.err.printf("unknown option %s%n", b + HELP);
            report("The %d files are damaged".formatted(a), "Copy them again.");
          }
          void report(String message, String remedy) {}
          void fail() {
            throw new IllegalStateException(List.of("This text is not read"));
          }
        }
        """);
    var found = new JavaMessages(List.of(file));
    assertThat(found.found())
        .extracting(JavaMessages.Found::text)
        .containsExactlyInAnyOrder(
            "the number of calls must be 1 or more",
            "The file … is not read, because it is closed",
            "The file … is not read, because it is full",
            "unknown option …; see --help",
            "The … files are damaged");
    assertThat(found.found())
        .extracting(JavaMessages.Found::fix)
        .containsOnly(null, "Copy them again.");
    assertThat(found.unread()).containsExactly(file + ": This text is not read");
  }

  @Test
  void findsMessagesOfScripts(@TempDir Path folder) throws IOException {
    assertThat(
            texts(
                folder.resolve("a.sh"),
                """
                # die "a comment"
                die "no library for $1 in $(dirname "$2")" \\
                  'and no other'
                misuse "unknown argument ${1-}"
                say "Compiling the library"
                echo "the output"
                echo "no file $1" >&2
                """))
        .containsExactly("no library for … in … and no other", "unknown argument …", "no file …");
    assertThat(
            texts(
                folder.resolve("a.c"),
                """
                ereport(ERROR, (errmsg("argument \\"%s\\" is %d", a, b), errhint("Pass more.")));
                elog(ERROR, "the call failed: %s", c);
                """))
        .containsExactly("argument \"…\" is … (Pass more.)", "the call failed: …");
    assertThat(
            texts(
                folder.resolve("a.sql"),
                "RAISE EXCEPTION 'it isn''t %', a USING HINT = 'Call'\n ' it.';"))
        .containsExactly("it isn't … (Call it.)");
    assertThat(
            texts(
                folder.resolve("a.groovy"),
                "throw new IllegalArgumentException(\"${key} is wrong. \" +\n \"Run it again.\")"))
        .containsExactly("… is wrong. Run it again.");
  }

  @Test
  void splitsMessagesAndFixes() {
    assertThat(split("the port is in use: choose another with --port"))
        .isEqualTo("the port is in use / choose another with --port");
    assertThat(split("There is no server. Remedy: install one."))
        .isEqualTo("There is no server. / install one.");
    assertThat(split("There are two files. Keep one."))
        .isEqualTo("There are two files. / Keep one.");
    assertThat(split("no command given; see --help")).isEqualTo("no command given / see --help");
    assertThat(
            fixOf(new Message("a", "the port must be between 1 and 9, but is …", null), List.of()))
        .isEqualTo("Use a value between 1 and 9.");
    assertThat(fixOf(new Message("a", "it may be INSERT or UPDATE.", null), List.of()))
        .isEqualTo("Use INSERT or UPDATE.");
    assertThat(split("the setup is wrong: settings differ")).endsWith("differ / null");
  }

  private static String split(String text) {
    Message message = Messages.split("a", text, null);
    return message.text() + " / " + message.fix();
  }

  private static List<String> texts(Path file, String source) throws IOException {
    Files.writeString(file, source);
    return ScriptMessages.in(file).stream()
        .map(found -> found.text() + (found.fix() == null ? "" : " (" + found.fix() + ")"))
        .toList();
  }

  private static @Nullable String fixOf(Message message, List<Fix> fixes) {
    if (message.fix() != null) {
      return sentence(message.fix());
    }
    return fixes.stream()
        .filter(fix -> fix.patternOf(message).isPresent())
        .findFirst()
        .map(Fix::text)
        .orElseGet(() -> requirement(message));
  }

  /** Returns the fix of a message that states the allowed values; null for other messages. */
  private static @Nullable String requirement(Message message) {
    Matcher allowed = REQUIREMENT.matcher(message.text());
    if (!allowed.matches()) {
      return null;
    }
    String values = allowed.group(1);
    return sentence(
        (values.matches("(?:between|from|greater|less|full) .*") ? "use a value " : "use ")
            + values);
  }

  /** Returns the fix in a message as sentences in Markdown. */
  private static String sentence(String fix) {
    return Stream.of(fix.split(" Or: ", -1))
        .map(
            text ->
                COMMAND.matcher(text).matches()
                    ? "Run `" + text.replaceAll("[;.]$", "") + "`."
                    : ended(
                        escaped(text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1))))
        .collect(joining(" Or: "));
  }

  private static String ended(String text) {
    return text.matches("(?s).*[.;:…]") ? text : text + ".";
  }

  private static String escaped(String text) {
    return text.replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_").replace("$", "\\$");
  }

  private static String page(Set<Message> messages, List<Fix> fixes) throws IOException {
    List<String> headings =
        Files.readAllLines(TROUBLESHOOTING).stream()
            .filter(line -> line.startsWith("### `"))
            .map(line -> line.replaceAll("^### `|`$", ""))
            .toList();
    var page = new StringBuilder();
    page.append(
        """
        # Messages

        <!-- ./dev generate writes this page from the sources and from message-fixes.txt. -->

        This page lists the error messages and warnings of all programs, each with its fix. `…` stands for names, numbers, and texts of
        other programs. If a message contains its fix, the fix is only in the second column. To find a message, search this page for a
        few of its words. [Troubleshooting](troubleshooting.md) explains frequent messages in more detail ("More").
        """);
    for (String program : Messages.programs()) {
      page.append("\n## ").append(program.startsWith("./") ? "`" + program + "`" : program);
      page.append("\n\n| message | cause and fix |\n|---|---|\n");
      messages.stream()
          .filter(message -> message.program().equals(program))
          .sorted(
              Comparator.comparing((Message message) -> key(message.text()))
                  .thenComparing(Message::text))
          .collect(
              groupingBy(
                  Message::text,
                  LinkedHashMap::new,
                  mapping(message -> fixOf(message, fixes), toCollection(TreeSet::new))))
          .forEach(
              (text, all) ->
                  page.append("| ")
                      .append(code(text))
                      .append(" | ")
                      .append(cell(String.join(" Or: ", all) + more(text, headings)))
                      .append(" |\n"));
    }
    return page.toString();
  }

  /** Returns the sort key of a message, which ignores values at the beginning. */
  private static String key(String text) {
    return text.replaceAll("^[^A-Za-z]+", "").toLowerCase(Locale.ROOT);
  }

  private static String code(String text) {
    return "`" + cell(text.replace('`', '\'')) + "`";
  }

  private static String cell(String text) {
    return text.replace("|", "\\|");
  }

  /** Returns a link to the explanation of a message; empty if there is none. */
  private static String more(String text, List<String> headings) {
    return headings.stream()
        .filter(heading -> text.matches(".*" + form(heading) + ".*"))
        .findFirst()
        .map(
            heading ->
                " [More](troubleshooting.md#"
                    + heading
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^a-z0-9 _-]", "")
                        .replace(' ', '-')
                    + ")")
        .orElse("");
  }

  private static String form(String heading) {
    return Stream.of(heading.replaceAll("\\.$", "").replace("pg_hello", "…").split("…", -1))
        .map(Pattern::quote)
        .collect(joining(".*"));
  }

  /**
   * Reads the fixes. Each begins with the patterns of its messages, one per line, and continues
   * with indented text. An asterisk in a pattern stands for any text.
   */
  private static List<Fix> fixes() throws IOException {
    var fixes = new ArrayList<Fix>();
    String program = ALL;
    var patterns = new ArrayList<String>();
    var text = new ArrayList<String>();
    List<String> lines = new ArrayList<>(Files.readAllLines(FIXES));
    lines.add("");
    for (String line : lines) {
      if (!line.startsWith(" ") && !text.isEmpty()) {
        fixes.add(new Fix(program, List.copyOf(patterns), String.join(" ", text)));
        patterns.clear();
        text.clear();
      }
      if (line.startsWith("## ")) {
        program = line.substring(3);
        assertThat(program)
            .isIn(Stream.concat(Stream.of(ALL), Messages.programs().stream()).toList());
      } else if (line.startsWith(" ")) {
        assertThat(patterns).as("patterns above: %s", line).isNotEmpty();
        text.add(line.strip());
      } else if (!line.isBlank() && !line.startsWith("# ")) {
        patterns.add(line);
      }
    }
    assertThat(patterns).as("patterns without a fix").isEmpty();
    return fixes;
  }
}
