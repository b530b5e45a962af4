// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.logging.Level;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.Keys;
import org.openqa.selenium.Rectangle;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.print.PrintOptions;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HtmlReportIT {
  @AutoClose("quit")
  private @Nullable ChromeDriver started;

  private String page = "";
  private String checks = "";
  private long charts;

  @BeforeAll
  void openBrowser(@TempDir Path folder) throws Exception {
    Optional<File> chromium = command("chromium");
    Optional<File> driver = command("chromedriver");
    assumeTrue(
        chromium.isPresent() && driver.isPresent(),
        "needs chromium and chromedriver (Debian's packages are chromium and chromium-driver)");
    var logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    logs.enable(LogType.PERFORMANCE, Level.ALL);
    var options = new ChromeOptions();
    options.setBinary(chromium.orElseThrow());
    // root needs no-sandbox; a container's /dev/shm may be small
    options.addArguments(
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu");
    options.setCapability("goog:loggingPrefs", logs);
    // both paths are given, so Selenium does not look for a browser in the network
    started =
        new ChromeDriver(
            new ChromeDriverService.Builder()
                .usingDriverExecutable(driver.orElseThrow())
                .usingAnyFreePort()
                .build(),
            options);
    Report report = Report.fromJson(Files.readString(Path.of("results.json")));
    Path file = Files.writeString(folder.resolve("page.html"), HtmlReport.html(report));
    charts = report.results().stream().filter(RatioChart::draws).count() + report.curves().size();
    page = file.toUri().toString();
    checks = Templates.resource("page-checks.js");
  }

  private static Optional<File> command(String name) {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
        .map(folder -> new File(folder, name))
        .filter(File::canExecute)
        .findFirst();
  }

  @BeforeEach
  void openPage() {
    emulate("screen", "light");
    browser().executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());
    browser().manage().window().setSize(new Dimension(1280, 900));
    browser().get(page);
  }

  @Test
  void loadsWithoutAnErrorAndFetchesNothing() {
    browser().manage().logs().get(LogType.BROWSER);
    browser().manage().logs().get(LogType.PERFORMANCE);
    browser().get(page);
    assertThat(browser().manage().logs().get(LogType.BROWSER).getAll()).isEmpty();
    assertThat(browser().manage().logs().get(LogType.PERFORMANCE).getAll())
        .filteredOn(entry -> entry.getMessage().contains("Network.requestWillBeSent\""))
        .isNotEmpty()
        .allMatch(entry -> entry.getMessage().contains("\"url\":\"" + page));
    assertThat(script("return document.compatMode")).isEqualTo("CSS1Compat");
  }

  @Test
  void chartsAreDrawn() {
    for (int width : new int[] {360, 1280}) {
      screen(width, 800);
      assertThat(browser().findElements(By.cssSelector("svg[role=img]")))
          .hasSize((int) charts)
          .allMatch(chart -> chart.getSize().width > 200 && chart.getSize().height > 30);
    }
    assertWell("marksOutside()");
    assertWell("linesUnseen()");
  }

  @ParameterizedTest
  @ValueSource(ints = {360, 700, 1280})
  void labelsOfAChartDoNotTouch(int width) {
    screen(width, 800);
    assertWell("labelsTouching()");
  }

  @Test
  void fitsOnAPhone() {
    screen(360, 640);
    script("openDetails()");
    assertThat(script("return document.documentElement.scrollWidth")).isEqualTo(360L);
    assertWell("tablesUnscrollable()");
  }

  @Test
  void isReadableInLightAndDark() {
    List<Object> backgrounds = new ArrayList<>();
    for (String scheme : List.of("light", "dark")) {
      emulate("screen", scheme);
      backgrounds.add(script("return getComputedStyle(document.body).backgroundColor"));
      script("openDetails()");
      assertWell("textsFaint()");
    }
    assertThat(backgrounds.get(0)).isNotEqualTo(backgrounds.get(1));
  }

  @Test
  void canBeUsedByKeyboard() {
    press(Keys.TAB);
    assertThat(focused("textContent")).isEqualTo("Skip to the results");
    Rectangle link = browser().switchTo().activeElement().getRect();
    assertThat(List.of(link.x, link.y)).allMatch(place -> place >= 0);
    assertThat(link.width).isPositive();
    press(Keys.ENTER);
    assertThat(focused("id")).isEqualTo("results");
    press(Keys.TAB);
    assertThat(focused("tagName")).isEqualTo("SUMMARY");
    assertThat(browser().switchTo().activeElement().getCssValue("outline-style"))
        .isEqualTo("solid");
    assertThat(focused("parentElement.open")).isEqualTo(false);
    press(Keys.ENTER);
    assertThat(focused("parentElement.open")).isEqualTo(true);
    press(Keys.TAB);
    assertThat(focused("role")).isEqualTo("region");
  }

  @Test
  void saysItsPartsToAScreenReader() {
    assertThat(browser().findElements(By.cssSelector("header, nav, main"))).hasSize(3);
    assertThat(script("return document.documentElement.lang")).isEqualTo("en");
    script("openDetails()");
    List<String> unnamed =
        browser().findElements(By.cssSelector("svg[role=img], [role=region], figure, nav")).stream()
            .filter(part -> String.valueOf(part.getAccessibleName()).isBlank())
            .map(part -> String.valueOf(part.getDomProperty("id")))
            .toList();
    assertThat(unnamed).isEmpty();
    assertThat(browser().findElement(By.cssSelector(".strip svg")).getAccessibleName())
        .startsWith("Ratio ");
  }

  @Test
  void printsWhole() {
    emulate("print", "dark");
    assertWell("detailsHidden()");
    script("openDetails()");
    assertWell("textsFaint()");
    assertThat(script("return getComputedStyle(document.body).backgroundColor"))
        .isEqualTo("rgb(252, 252, 250)");
    emulate("", "dark");
    browser().get(page);
    // in Base64, what begins with %PDF-
    assertThat(browser().print(new PrintOptions()).getContent())
        .startsWith("JVBERi0")
        .hasSizeGreaterThan(130_000);
  }

  private Object focused(String property) {
    return script("return document.activeElement." + property);
  }

  private void press(Keys key) {
    browser().switchTo().activeElement().sendKeys(key);
  }

  private void screen(int width, int height) {
    Map<String, Object> metrics =
        Map.of("width", width, "height", height, "deviceScaleFactor", 2, "mobile", width < 500);
    browser().executeCdpCommand("Emulation.setDeviceMetricsOverride", metrics);
    browser().get(page);
  }

  private void emulate(String medium, String scheme) {
    List<Object> features = List.of(Map.of("name", "prefers-color-scheme", "value", scheme));
    Map<String, Object> media = Map.of("media", medium, "features", features);
    browser().executeCdpCommand("Emulation.setEmulatedMedia", media);
  }

  private Object script(String script) {
    return Objects.requireNonNullElse(browser().executeScript(checks + script), "nothing");
  }

  private void assertWell(String check) {
    assertThat(script("return " + check)).as(check).isEqualTo("");
  }

  private ChromeDriver browser() {
    return Objects.requireNonNull(started);
  }
}
