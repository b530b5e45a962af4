// SPDX-License-Identifier: MIT
import static java.util.Comparator.comparingDouble;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * Evaluates Maven's test reports. Reads the paths of the reports from standard input, one per line.
 * Run it as a source file:
 *
 * <pre>
 * java TestReports.java summary        the totals, in Maven's format
 * java TestReports.java skipped        "DIRECTORY: CLASS.TEST: REASON" for each skipped test
 * java TestReports.java repeated       the same for each test that failed, was repeated, and passed
 * java TestReports.java outcome NAME   number of passed tests, and the reasons why others did not pass; fails if there are no tests
 * java TestReports.java failures       "DIRECTORY: CLASS.TEST: REASON" for each test that did not pass, and their number; fails if there are any
 * java TestReports.java slowest        the ten slowest classes
 * </pre>
 */
public final class TestReports {
  /** The outcome is failure, error, flakyFailure, flakyError, skipped, or empty. */
  private record Test(Path report, String name, String outcome, String reason) {
    static Test of(Path report, Element test) {
      String name = test.getAttribute("classname") + "." + test.getAttribute("name");
      return elements(test.getChildNodes())
          .filter(child -> child.getTagName().matches("failure|error|flakyFailure|flakyError|skipped"))
          .findFirst()
          .map(child -> new Test(report, name, child.getTagName(), reason(child)))
          .orElse(new Test(report, name, "", ""));
    }

    /** Returns the name of the module's directory, two levels above the directory of reports. */
    String module() {
      return report.toAbsolutePath().getParent().getParent().getParent().getFileName().toString();
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
    List<Test> failures = of("failure", tests);
    List<Test> errors = of("error", tests);
    List<Test> skipped = of("skipped", tests);
    switch (args[0]) {
      case "summary" ->
          System.out.printf(
              "[INFO] Tests run: %d, Failures: %d, Errors: %d, Skipped: %d%n",
              tests.size(), failures.size(), errors.size(), skipped.size());
      case "skipped" -> print("%s: %s: %s%n", skipped);
      case "repeated" ->
          Stream.of("flakyFailure", "flakyError").forEach(outcome -> print("%s: %s: %.400s%n", of(outcome, tests)));
      case "failures" -> {
        List<Test> all = Stream.of(failures, errors).flatMap(List::stream).toList();
        all.forEach(t -> System.out.printf("%s: %s: %.300s%n", t.module(), t.name, t.reason));
        System.out.printf("%d of %d tests failed%n", all.size(), tests.size());
        System.exit(all.isEmpty() ? 0 : 1);
      }
      case "outcome" -> {
        int passed = tests.size() - failures.size() - errors.size();
        System.out.printf("%s: %d of %d passed%n", args[1], passed, tests.size());
        Stream.of(failures, errors)
            .flatMap(List::stream)
            .forEach(t -> System.out.printf("  %s: %.400s%n", t.name, t.reason));
        System.exit(tests.isEmpty() ? 1 : 0);
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
    tests.forEach(t -> System.out.printf(format, t.report.normalize().getName(0), t.name, t.reason));
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
