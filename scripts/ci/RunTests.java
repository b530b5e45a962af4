// SPDX-License-Identifier: MIT
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.PrintWriter;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Runs the tests of a class. Exits with 1 unless all tests succeed. */
class RunTests {
  public static void main(String[] args) {
    var listener = new SummaryGeneratingListener();
    LauncherFactory.create().execute(LauncherDiscoveryRequestBuilder.request().selectors(selectClass(args[0])).build(), listener);
    var summary = listener.getSummary();
    summary.printFailuresTo(new PrintWriter(System.out, true));
    System.out.println(args[0] + ": " + summary.getTestsSucceededCount() + " of " + summary.getTestsFoundCount() + " tests succeeded");
    System.exit(summary.getTestsSucceededCount() == summary.getTestsFoundCount() && summary.getTestsFoundCount() > 0 ? 0 : 1);
  }
}
