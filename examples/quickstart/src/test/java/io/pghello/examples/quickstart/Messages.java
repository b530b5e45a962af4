// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toCollection;
import static java.util.stream.Collectors.toList;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The error messages and warnings of all programs, with their fixes. */
final class Messages {
  /**
   * A message.
   *
   * @param text the message as printed, without the fix; an ellipsis stands for a value
   * @param fix the fix that the message contains; null if it contains none
   */
  record Message(String program, String text, @Nullable String fix) {}

  /**
   * The programs, with the paths of their sources. Excludes benchmarks and other examples, because
   * they have no users.
   */
  private static final Map<String, String> PROGRAMS = new LinkedHashMap<>();

  static {
    PROGRAMS.put(
        "Client",
        "(?:pg-hello-core|any-extension/(?:binding(?!.*/hibernate/)|batching))/src/main/.*\\.java");
    PROGRAMS.put("Hibernate", "(?:pg-hello-hibernate|any-extension/binding)/src/main/.*\\.java");
    PROGRAMS.put("jOOQ", "pg-hello-jooq/src/main/.*\\.java");
    PROGRAMS.put("Spring Boot", "pg-hello-spring-boot-starter/src/main/.*\\.java");
    PROGRAMS.put("Testkit", "(?:pg-hello-|any-extension/)testkit/src/main/.*\\.java");
    PROGRAMS.put("Installer", "any-extension/installer/src/main/.*\\.java");
    PROGRAMS.put("Maven plugin", "any-extension/maven-plugin/src/main/.*\\.java");
    PROGRAMS.put("Archetype", "any-extension/archetype/src/.*\\.groovy");
    PROGRAMS.put("pghello", "tools/pghello/src/main/.*\\.java");
    PROGRAMS.put("JSON plugin", "tools/plugin/src/main/.*\\.java");
    PROGRAMS.put("MCP server", "tools/mcp/src/main/.*\\.java");
    PROGRAMS.put("Greeting service", "examples/(?:service|shared|shared-web)/src/main/.*\\.java");
    PROGRAMS.put(
        "The extension", "extension/(?:src/.*\\.[ch]|sql/.*\\.sql|ops/(?:sql/)?[^/]*\\.sql)");
    PROGRAMS.put("Container images", "deploy/(?:app|postgres)/.*\\.sh");
    PROGRAMS.put("./dev", "dev|scripts/[^/]*\\.sh");
  }

  /** The words with which a fix can begin. */
  private static final List<String> VERBS =
      Stream.of(
              "add, build, call, change, check, choose, close, commit, configure, connect, convert",
              "copy, correct, create, decrease, define, delete, drop, fix, give, grant, increase",
              "insert, install, keep, let, link, look, make, map, move, name, omit, pass, put",
              "raise, reinstall, remove, rename, repeat, restore, retry, run, send, set",
              "sign, specify, start, sudo, take, test, try, unpack, use, write")
          .flatMap(line -> Stream.of(line.split(", ")))
          .map(
              verb ->
                  "["
                      + Character.toUpperCase(verb.charAt(0))
                      + verb.charAt(0)
                      + "]"
                      + verb.substring(1))
          .collect(toList());

  private static final Pattern WORD = Pattern.compile("[a-z]{2,}");

  private Messages() {}

  static Set<String> programs() {
    return PROGRAMS.keySet();
  }

  /** Finds the messages in the Java sources. */
  static JavaMessages inJava() throws IOException {
    return new JavaMessages(sources().filter(Messages::isJava).toList());
  }

  /** Returns the messages in the sources. */
  static Set<Message> collect(JavaMessages java) throws IOException {
    var found = new ArrayList<>(java.found());
    for (Path file : sources().filter(file -> !isJava(file)).toList()) {
      found.addAll(ScriptMessages.in(file));
    }
    Map<String, Set<Message>> byProgram = new LinkedHashMap<>();
    for (JavaMessages.Found each : found) {
      if (isMessage(each.text())) {
        String program = program(each.file());
        byProgram
            .computeIfAbsent(program, key -> new LinkedHashSet<>())
            .add(split(program, each.text(), each.fix()));
      }
    }
    Set<Message> messages = new LinkedHashSet<>();
    byProgram.values().forEach(each -> messages.addAll(general(each)));
    return messages;
  }

  /** Returns whether a text has at least two words. */
  private static boolean isMessage(String text) {
    return Stream.of(text.split(" ", -1)).filter(WORD.asPredicate()).limit(2).count() == 2;
  }

  private static Stream<Path> sources() {
    return Tree.files(
        PROGRAMS.values().stream().map(path -> "(?:" + path + ")").collect(joining("|")))
        .stream();
  }

  private static boolean isJava(Path file) {
    return file.toString().endsWith(".java");
  }

  private static String program(Path file) {
    String path =
        Tree.ROOT
            .toAbsolutePath()
            .normalize()
            .relativize(file.toAbsolutePath().normalize())
            .toString();
    return PROGRAMS.entrySet().stream()
        .filter(entry -> path.matches(entry.getValue()))
        .findFirst()
        .orElseThrow()
        .getKey();
  }

  private static final Pattern FIX =
      Pattern.compile(
          "(.*?[^.;:])(?:[.;:?](?<!:) Remedy: (.*)|: Remedy: (.*)|([.;:?]) ((?:[a-z]+ it )?(?:"
              + String.join("|", VERBS)
              + "|CREATE EXTENSION|ALTER EXTENSION|[Vv]alid|known|see --)\\b.*))");

  private static final Pattern CAUSE = Pattern.compile(".*[a-z]{2}.* .*|.* .*[a-z]{2}.*");

  /** Splits a message into its cause and the fix that it contains. */
  static Message split(String program, String text, @Nullable String fix) {
    Matcher m = FIX.matcher(text);
    if (fix != null
        || !m.matches()
        || (m.group(5) != null && !CAUSE.matcher(m.group(1)).matches())) {
      return new Message(program, text, fix);
    }
    String given = m.group(2) != null ? m.group(2) : m.group(3) != null ? m.group(3) : m.group(5);
    boolean isSentence = m.group(4) == null || m.group(4).equals(".");
    return new Message(program, m.group(1) + (isSentence ? "." : ""), given);
  }

  /**
   * Removes messages that differ only in the values from a more general message with the same fix.
   */
  static Set<Message> general(Set<Message> messages) {
    return messages.stream()
        .filter(
            message ->
                messages.stream()
                    .noneMatch(
                        other ->
                            !other.text().equals(message.text())
                                && JavaMessages.isForm(other.text())
                                && JavaMessages.fits(message.text(), other.text())
                                && (message.fix() == null || message.fix().equals(other.fix()))))
        .collect(toCollection(LinkedHashSet::new));
  }
}
