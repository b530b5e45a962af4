// SPDX-License-Identifier: MIT
package io.pghello.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Counts stilted phrases in pages, Javadoc, comments, help texts and messages.
 *
 * <p>A file may contain at most {@value #LIMIT} of these phrases per 1,000 words, which is the rate
 * in well-written libraries.
 *
 * <p>Names of methods are split into words. They contain no such phrase, and in main sources no
 * vague verb.
 */
class ProseTest {
  /** Maximum number of phrases per 1,000 words. A file of any length may contain one phrase. */
  private static final int LIMIT = 3;

  private static final Pattern PHRASE =
      Pattern.compile(
          String.join(
              "|",
              "\\b[Ww]hat (?:is|was|are|were|it|they|the|a|an|has|have|had|you|can|may|that|its|others?"
                  + "|each|this|must)\\b",
              "\\b(?:[Ss]ays?|[Ss]aid|[Tt]old|[Tt]ells?)\\b",
              ", as (?:in|a|an|the|with|by|of|for|if|[A-Z`{])",
              "\\b[Ww]here (?:it|there|the|that|a|an|they|you|no|one|this|somebody|nothing)\\b",
              "\\b(?:[Tt]hat|[Tt]hose) of\\b",
              "\\bby (?:itself|themselves)\\b|\\bof (?:(?:its|their|your|one's|his) own|yours|theirs"
                  + "|others)\\b",
              "\\b(?:[Ss]ome|[Nn]o|[Ee]very|[Aa]ny)body(?:'s)?\\b|\\b[Ww]hoever\\b",
              "(?<!stand)\\balone\\b",
              "\\b[Bb]eside\\b",
              "\\b(?:at once|in vain|goes on|go on|heeds?|in the end|gravest|nevertheless|thereby"
                  + "|meanwhile)\\b",
              "\\b(?:of|to|in|by|with) (?:which|whom)\\b",
              "\\b[Ww]hose\\b",
              "\\b(?:[Ll]og-ins?|[Tt]ime-outs?|off-line|start-up|run-time)\\b",
              "\\b[Mm]end(?:s|ed|ing)?\\b",
              "(?:^|[.!?;:] )(?:Of [a-z]+|Not [a-z]+ (?:is|are)|None of|Nothing (?:is|of))\\b",
              "[;,] else\\b|\\bor else\\b|\\bbut for\\b"),
          Pattern.MULTILINE);

  /** The declaration of a method. The group is the method's name. */
  private static final Pattern METHOD =
      Pattern.compile(
          "^ +(?:@[\\w.]+(?:\\([^)\\n]*\\))? +)*"
              + "(?!(?:return|new|throw|else|yield|assert|case) )"
              + "(?:[\\w.@?\\[\\]]+(?:<[^=;(){}\\n]*>)?,? +|<[^=;(){}\\n]*> +)+(\\w+)\\(",
          Pattern.MULTILINE);

  private static final Pattern NAME =
      Pattern.compile(
          "\\b(?:what\\w*|whom\\w*|wherever|asks|asked|looks|time outs|log ins"
              + "|(?:the|own|long) (?:time out|log in))\\b");

  /** For example, query, report, find, get, reject and directory are more precise. */
  private static final Pattern MAIN_NAME =
      Pattern.compile("^(?:ask|tell|told|look|take|refuse|say|said)\\b|\\bfolders?\\b");

  private static final Pattern WORD = Pattern.compile("[A-Za-z][A-Za-z'-]*");
  private static final Pattern JAVADOC = Pattern.compile("/\\*\\*(.*?)\\*/", Pattern.DOTALL);
  private static final Pattern BLOCK = Pattern.compile("/\\*(.*?)\\*/", Pattern.DOTALL);
  private static final Pattern COMMENT =
      Pattern.compile("^\\s*(?://|#) (?!SPDX)(.*)$", Pattern.MULTILINE);
  private static final Pattern STRING = Pattern.compile("\"((?:[^\"\\\\\\n]|\\\\.){12,})\"");
  private static final Pattern SQL =
      Pattern.compile("\\b(?:SELECT|INSERT|FROM pg_|CREATE|UPDATE)\\b");

  @Test
  void noFileHasManyStiltedPhrases() throws IOException {
    var found = new ArrayList<String>();
    for (Path file : Tree.files(".*\\.(?:md|java|sh|c|h)|dev|scripts/help/.*\\.txt")) {
      String path = Tree.ROOT.relativize(file).toString();
      // this file contains the patterns
      if (!path.contains("/src/generated/") && !path.endsWith("/ProseTest.java")) {
        String prose = prose(path, Files.readString(file));
        List<String> phrases = PHRASE.matcher(prose).results().map(MatchResult::group).toList();
        if (phrases.size() > Math.max(1, WORD.matcher(prose).results().count() * LIMIT / 1000)) {
          found.add(path + " " + phrases);
        }
      }
    }
    assertThat(found)
        .as(
            "files with more than %s stilted phrases per 1,000 words. Rewrite their sentences"
                + " (CONTRIBUTING.md, How to write)",
            LIMIT)
        .isEmpty();
  }

  /**
   * The measures of jdbi's and Testcontainers' guides are 15 and 11 percent, and 14 and 10 blocks.
   */
  @Test
  void pagesShowMoreCodeThanLimits() throws IOException {
    var measures = new Measures();
    for (Path page : Tree.files("(?!CHANGELOG|.*/source-documents/).*\\.md")) {
      measures.add(Files.readString(page));
    }
    assertThat(measures.words).isGreaterThan(10_000);
    assertThat(measures.limits * 100 / measures.sentences)
        .as("percentage of sentences that state a limit. List limits in a table at the page's end")
        .isLessThanOrEqualTo(18);
    assertThat(measures.blocks * 1000 / measures.words)
        .as("code blocks per 1,000 words")
        .isGreaterThanOrEqualTo(9);
  }

  @Test
  void measuresLimitsAndCode() {
    var measures = new Measures();
    measures.add(
        """
        # This is not counted

        Set `never` to 1. This cannot fail: a page without limits is only an example.

        | this | is not counted |

        ```sh
        echo only
        ```
        """);
    assertThat(List.of(measures.sentences, measures.limits, measures.blocks, measures.words))
        .containsExactly(3, 2, 1, 14);
  }

  /** Counts sentences, words and code blocks outside of tables and headings. */
  private static final class Measures {
    private static final Pattern LIMIT =
        Pattern.compile(
            "\\b(?:not|no|only|unless|except|without|never|cannot|n't)\\b",
            Pattern.CASE_INSENSITIVE);

    private int sentences;
    private int limits;
    private int words;
    private int blocks;

    void add(String page) {
      blocks += (page.split("(?m)^ *```", -1).length - 1) / 2;
      String text = prose("a.md", page).replaceAll("(?m)^\\s*(?:\\||#|:::).*$", "");
      words += (int) WORD.matcher(text).results().count();
      for (String sentence : text.split("(?<=[.!?:])\\s+|\\n\\s*\\n", -1)) {
        if (WORD.matcher(sentence).results().count() >= 3) {
          sentences++;
          limits += LIMIT.matcher(sentence).find() ? 1 : 0;
        }
      }
    }
  }

  @Test
  void noMethodHasAStiltedName() throws IOException {
    var found = new ArrayList<String>();
    for (Path file : Tree.files(".*/src/(?!generated/).*\\.java")) {
      String path = Tree.ROOT.relativize(file).toString();
      stiltedNames(path, Files.readString(file)).forEach(name -> found.add(path + " " + name));
    }
    assertThat(found)
        .as(
            "names of methods that contain stilted phrases or vague verbs. Choose other names"
                + " (CONTRIBUTING.md, How to write)")
        .isEmpty();
  }

  @Test
  void findsPlantedNames() {
    // with bars, this test does not find the methods in its own source
    String source =
        """
        | @Test |void aCallIsToldSo() {
        |   return whatItIs();
        | }
        | private static <T> Map<String, List<T>> takeFromFolder(T one) {
        |   String text = callWhoever();
        | }
        | void failsAfterItsOwnTimeOut(
        |     int seconds) {}
        """
            .replace('|', ' ');
    assertThat(stiltedNames("a/src/test/java/A.java", source))
        .containsExactly("aCallIsToldSo", "failsAfterItsOwnTimeOut");
    assertThat(stiltedNames("a/src/main/java/A.java", source))
        .containsExactly("aCallIsToldSo", "takeFromFolder", "failsAfterItsOwnTimeOut");
    assertThat(stiltedNames("a/src/main/java/A.java", "  void callFailsAfterItsTimeout() {}"))
        .isEmpty();
  }

  private static List<String> stiltedNames(String file, String text) {
    boolean main = !file.contains("/src/test/");
    return METHOD
        .matcher(text)
        .results()
        .map(method -> method.group(1))
        .filter(
            name -> {
              String words = name.replaceAll("(?=[A-Z])", " ").toLowerCase(Locale.ROOT).strip();
              return PHRASE.matcher(words).find()
                  || NAME.matcher(words).find()
                  || (main && MAIN_NAME.matcher(words).find());
            })
        .toList();
  }

  @Test
  void findsPlantedPhrases() {
    String source =
        """
        // SPDX-License-Identifier: whose
        /** Returns what is left. {@code What is code.} */
        // says the server
        String sql = "SELECT what is said FROM a";
        String message = "there is nobody whose log-in works";
        """;
    assertThat(phrases("A.java", source)).isEqualTo("what is, nobody, whose, log-in, says");
    String page =
        """
        Of these, none is beside `whose`, as in [that](that-of.md).

        ```sh
        # alone
        ```
        """;
    assertThat(phrases("a.md", page)).isEqualTo("Of these, beside, , as in");
    assertThat(phrases("a.c", "/*\n * It tells\n */\nint alone; // beside")).isEqualTo("tells");
    assertThat(phrases("a.sh", "echo alone\n# or else")).isEqualTo("or else");
    assertThat(phrases("a.txt", "Time to wait. Default: that of the file")).isEqualTo("that of");
  }

  private static String phrases(String file, String text) {
    return PHRASE
        .matcher(prose(file, text))
        .results()
        .map(MatchResult::group)
        .collect(Collectors.joining(", "));
  }

  /** Returns the prose in a file, without code and without the targets of links. */
  private static String prose(String file, String text) {
    if (file.endsWith(".txt")) {
      return text;
    }
    if (file.endsWith(".md")) {
      return text.replaceAll("(?s)```.*?```|<!--.*?-->", " ")
          .replaceAll("`[^`\\n]*`", "X")
          .replaceAll("\\]\\([^)]*\\)", "]");
    }
    String comments = matches(COMMENT, text);
    if (file.endsWith(".c") || file.endsWith(".h")) {
      return matches(BLOCK, text).replaceAll("(?m)^\\s*\\* ?", "") + "\n" + comments;
    }
    if (!file.endsWith(".java")) {
      return comments;
    }
    String javadoc =
        matches(JAVADOC, text)
            .replaceAll("(?m)^\\s*\\* ?", "")
            .replaceAll("(?s)<pre>.*?</pre>", " ")
            .replaceAll("\\{@\\w+ ?[^}]*}", "X");
    String strings =
        STRING
            .matcher(text)
            .results()
            .map(string -> string.group(1))
            .filter(string -> string.split(" ", -1).length > 2 && !SQL.matcher(string).find())
            .collect(Collectors.joining("\n"));
    return javadoc + "\n" + strings + "\n" + comments;
  }

  private static String matches(Pattern pattern, String text) {
    return pattern
        .matcher(text)
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.joining("\n"));
  }
}
