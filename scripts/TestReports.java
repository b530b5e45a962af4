// SPDX-License-Identifier: MIT
import static java.util.Comparator.comparingDouble;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * Evaluates Maven's test reports. Reads the paths of the reports from standard input, one per line. The first directory of a path is
 * the step that ran the tests, and the others up to {@code target} are the module's.
 * Run it as a source file:
 *
 * <pre>
 * java TestReports.java summary        "N passed, N failed, N skipped"
 * java TestReports.java counts         only the three numbers
 * java TestReports.java skipped        "STEP DIRECTORY CLASS#TEST CLASS.TEST: REASON", separated by tabs, for each skipped test
 * java TestReports.java reasons        "N skipped: REASON" for each reason, the most frequent first
 * java TestReports.java repeated       the same for each test that failed, was repeated, and passed
 * java TestReports.java failing        the same for each test that did not pass, without CLASS.TEST
 * java TestReports.java outcome NAME   the totals, and the reasons of failures; fails if no test passed
 * java TestReports.java slowest        the ten slowest classes
 * </pre>
 */
public final class TestReports {
  /** The outcome is failure, error, flakyFailure, flakyError, skipped, or empty. */
  private record Test(Path report, String type, String name, String outcome, String reason) {
    private static final Pattern METHOD = Pattern.compile("([\\p{Alnum}_$]+)(?:[({\\[].*)?$");

    static Test of(Path report, Element test) {
      String type = test.getAttribute("classname");
      String name = type + "." + test.getAttribute("name");
      return elements(test.getChildNodes())
          .filter(child -> child.getTagName().matches("failure|error|flakyFailure|flakyError|skipped"))
          .findFirst()
          .map(child -> new Test(report, type, name, child.getTagName(), reason(child)))
          .orElse(new Test(report, type, name, "", ""));
    }

    String step() {
      return report.normalize().getName(0).toString();
    }

    /** Returns the module's directory, two levels above the reports, relative to the step's or the current directory. */
    String module() {
      Path module = report.normalize().getParent().getParent().getParent();
      return module.isAbsolute() ? module.getFileName().toString() : module.subpath(1, module.getNameCount()).toString();
    }

    /** Returns the test as Surefire's parameters accept it. A display name selects the whole class. */
    String selector() {
      Matcher method = METHOD.matcher(name.substring(type.length() + 1));
      return method.lookingAt() ? type + "#" + method.group(1) : type;
    }

    private static String reason(Element outcome) {
      // If an assumption failed, only the first line of the text contains the reason.
      return Stream.of(
              outcome.getAttribute("message"),
              outcome.getTextContent().strip().lines().findFirst().orElse(""),
              outcome.getAttribute("type"))
          .filter(text -> !text.isBlank())
          .findFirst()
          .orElse("")
          .replaceAll("\\s+", " ");
    }
  }

  private record Report(String name, double seconds, List<Test> tests) {
    static Stream<Report> read(Path file) {
      try {
        var builder = DocumentBuilderFactory.newInstance().newDocumentBuilder();
        Element suite = builder.parse(file.toFile()).getDocumentElement();
        var tests = elements(suite.getElementsByTagName("testcase")).map(test -> Test.of(file, test));
        double seconds = Double.parseDouble(suite.getAttribute("time").replace(",", ""));
        return Stream.of(new Report(suite.getAttribute("name"), seconds, tests.toList()));
      } catch (SAXException e) {
        System.err.println(file + " is cut off: " + e.getMessage());
        return Stream.empty();
      } catch (IOException | ParserConfigurationException e) {
        throw new IllegalStateException("cannot read " + file, e);
      }
    }
  }

  private TestReports() {}

  public static void main(String[] args) {
    var files = new BufferedReader(new InputStreamReader(System.in)).lines().sorted().map(Path::of);
    List<Report> reports = files.flatMap(Report::read).toList();
    List<Test> tests = reports.stream().flatMap(report -> report.tests.stream()).toList();
    List<Test> failures = Stream.of("failure", "error").flatMap(outcome -> of(outcome, tests).stream()).toList();
    List<Test> skipped = of("skipped", tests);
    int passed = tests.size() - failures.size() - skipped.size();
    String totals = "%d passed, %d failed, %d skipped".formatted(passed, failures.size(), skipped.size());
    switch (args[0]) {
      case "summary" -> System.out.println(totals);
      case "counts" -> System.out.printf("%d %d %d%n", passed, failures.size(), skipped.size());
      case "skipped" -> print("%s\t%s\t%s\t%s: %s%n", skipped);
      case "reasons" ->
          skipped.stream().collect(groupingBy(Test::reason, counting())).entrySet().stream()
              .sorted(Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
              .forEach(reason -> System.out.printf("%d skipped: %.200s%n", reason.getValue(), reason.getKey()));
      case "repeated" ->
          Stream.of("flakyFailure", "flakyError").forEach(outcome -> print("%s\t%s\t%s\t%s: %.400s%n", of(outcome, tests)));
      case "failing" -> print("%s\t%s\t%s\t%5$.300s%n", failures);
      case "outcome" -> {
        System.out.printf("%s: %s%n", args[1], totals);
        failures.forEach(t -> System.out.printf("  %s: %.400s%n", t.name, t.reason));
        System.exit(passed == 0 ? 1 : 0);
      }
      case "slowest" ->
          reports.stream()
              .sorted(comparingDouble(Report::seconds).reversed())
              .limit(10)
              .forEach(r -> System.out.printf(Locale.ROOT, "%8.2f s  %s%n", r.seconds, r.name));
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static void print(String format, List<Test> tests) {
    tests.forEach(t -> System.out.printf(format, t.step(), t.module(), t.selector(), t.name, t.reason));
  }

  private static List<Test> of(String outcome, List<Test> tests) {
    return tests.stream().filter(test -> test.outcome.equals(outcome)).toList();
  }

  private static Stream<Element> elements(NodeList nodes) {
    return IntStream.range(0, nodes.getLength())
        .mapToObj(nodes::item)
        .filter(Element.class::isInstance)
        .map(Element.class::cast);
  }
}
