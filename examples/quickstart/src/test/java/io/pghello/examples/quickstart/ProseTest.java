// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Checks the style of pages and Javadoc, as far as a pattern can. */
class ProseTest {
  /** The most words of a sentence; half as many are better. */
  private static final int WORDS = 30;

  /** Beginnings of a Javadoc that do not name the thing. */
  private static final Pattern JAVADOC =
      Pattern.compile("/\\*\\*[\\s*]*(What|How|Who|Which|Where|Of|By|With|At|Those|Also|For)\\b");

  /** Words that only those who write them understand. */
  private static final Pattern JARGON =
      Pattern.compile("\\b(?:rooms|fences?|ours|theirs)\\b", Pattern.CASE_INSENSITIVE);

  private static final Pattern SENTENCE = Pattern.compile(".+?(?:[.!?](?=[\\s)*\"]|$)|$)");

  @Test
  void javadocNamesTheThingFirst() throws IOException {
    List<Path> sources = Tree.files("(?!.*/resources/).*/src/main/java/.*\\.java");
    assertThat(sources).hasSizeGreaterThan(300);
    var findings = new ArrayList<String>();
    for (Path source : sources) {
      findings.addAll(javadoc(source.toString(), Files.readString(source)));
    }
    assertThat(findings).isEmpty();
  }

  @Test
  void pagesHaveShortSentencesOfPlainWords() throws IOException {
    List<Path> pages = Tree.files("(?!CHANGELOG).*\\.md");
    assertThat(pages).hasSizeGreaterThan(20);
    var findings = new ArrayList<String>();
    for (Path page : pages) {
      findings.addAll(prose(page.toString(), Files.readString(page)));
    }
    assertThat(findings).isEmpty();
  }

  @Test
  void seesWhatIsPlanted() {
    assertThat(javadoc("A.java", "class A {\n  /**\n   * How many. */\n  /** The number. */\n}"))
        .containsExactly("A.java:2: How");
    String words = "word ".repeat(WORDS - 1);
    String page =
        "# Ours\n\n"
            + "It is theirs: `ours`. A [page](of/theirs.md).\n\n"
            + "```sh\n"
            + "ours\n"
            + "```\n"
            + "| ours |\n\n"
            + "- "
            + (words + "end.\n- ")
            + (words + "without\n  end.\n\nThe rooms.");
    assertThat(prose("a.md", page))
        .containsExactly("a.md:3: theirs", "a.md:11: " + (WORDS + 1) + " words", "a.md:14: rooms");
  }

  private static List<String> javadoc(String file, String text) {
    Matcher first = JAVADOC.matcher(text);
    var findings = new ArrayList<String>();
    while (first.find()) {
      int line = text.substring(0, first.start()).split("\n", -1).length;
      findings.add(file + ":" + line + ": " + first.group(1));
    }
    return findings;
  }

  /** Code, tables, headings and targets of links are no prose. */
  private static List<String> prose(String file, String page) {
    var findings = new ArrayList<String>();
    var paragraph = new StringBuilder();
    boolean code = false;
    int number = 0;
    int begin = 0;
    for (String line : (page + "\n\n").split("\n", -1)) {
      number++;
      String text = line.strip();
      boolean fence = text.startsWith("```");
      code ^= fence;
      boolean skipped = code || fence || text.matches("(?:[|#]|<!--|\\[\\S+]: ).*");
      boolean item = text.matches("(?:[-*]|\\d+\\.) .*");
      if (skipped || item || text.isEmpty()) {
        for (String finding : sentences(paragraph.toString())) {
          findings.add(file + ":" + begin + ": " + finding);
        }
        paragraph.setLength(0);
      }
      if (!skipped && !text.isEmpty()) {
        begin = paragraph.isEmpty() ? number : begin;
        paragraph.append(item ? text.replaceFirst("\\S+ ", "") : text).append(' ');
      }
    }
    return findings;
  }

  private static List<String> sentences(String paragraph) {
    String text = paragraph.replaceAll("`[^`]*`", "code").replaceAll("]\\([^)]*\\)", "]").strip();
    var findings = new ArrayList<String>();
    JARGON.matcher(text).results().forEach(word -> findings.add(word.group()));
    Matcher sentence = SENTENCE.matcher(text);
    while (sentence.find()) {
      int words = sentence.group().strip().split("\\s+", -1).length;
      if (words > WORDS) {
        findings.add(words + " words");
      }
    }
    return findings;
  }
}
