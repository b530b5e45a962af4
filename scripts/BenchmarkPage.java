// SPDX-License-Identifier: MIT
import io.pghello.benchmarks.report.HtmlReport;
import io.pghello.benchmarks.report.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes the page of a file of results: {@code BenchmarkPage RESULTS.json PAGE.html}. */
final class BenchmarkPage {
  private BenchmarkPage() {}

  public static void main(String[] args) throws IOException {
    Report report = Report.fromJson(Files.readString(Path.of(args[0])));
    Files.writeString(Path.of(args[1]), HtmlReport.html(report));
  }
}
