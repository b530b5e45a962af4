// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.logging.Level;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.Keys;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HtmlReportIT {
  private static final String OPEN_DETAILS =
      "document.querySelectorAll('details').forEach(details => details.open = true);";

  /** Each element's own text with less contrast than people need, large letters or not. */
  private static final String FAINT_TEXTS =
      """
      const channels = color => color.match(/[\\d.]+/g).map(Number);
      const luminance = color => {
        const [r, g, b] = channels(color).slice(0, 3).map(c => c / 255)
          .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const background = element => {
        for (let e = element; e; e = e.parentElement) {
          const color = getComputedStyle(e).backgroundColor;
          if ((channels(color)[3] ?? 1) === 1) return color;
        }
        throw new Error('no background');
      };
      const faint = [];
      let texts = 0;
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node; node = walker.nextNode();) {
        const element = node.parentElement;
        if (!node.data.trim() || element.closest('title, desc')) continue;
        const style = getComputedStyle(element);
        const inSvg = element.closest('svg') !== null;
        const color = inSvg ? style.fill : style.color;
        const [one, other] = [luminance(color), luminance(background(element))].sort((a, b) => b - a);
        texts++;
        if ((one + 0.05) / (other + 0.05) < 4.5) faint.push(node.data + ': ' + color);
      }
      return texts > 500 ? faint.join('; ') : texts + ' texts only';
      """;

  private @Nullable ChromeDriver started;
  private String page = "";
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
    Path file = folder.resolve("page.html");
    Report report = Report.fromJson(Files.readString(Path.of("results.json")));
    Files.writeString(file, HtmlReport.html(report));
    for (Report.Section section : report.benchmarks()) {
      charts += section.results().stream().filter(RatioChart::draws).count();
      charts += section.curves().size();
    }
    page = file.toUri().toString();
  }

  private static Optional<File> command(String name) {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
        .map(folder -> new File(folder, name))
        .filter(File::canExecute)
        .findFirst();
  }

  @AfterAll
  void closeBrowser() {
    if (started != null) {
      started.quit();
    }
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
    assertThat(
            script(
                "return [...document.querySelectorAll('.strip .dot, .plot .point')]"
                    + ".filter(mark => { const m = mark.getBoundingClientRect(),"
                    + " c = mark.closest('[role=img]').getBoundingClientRect();"
                    + " return m.width < 4 || m.left < c.left - 8 || m.right > c.right + 8"
                    + " || m.top < c.top - 8 || m.bottom > c.bottom + 8; }).length"))
        .isEqualTo(0L);
    assertThat(
            script(
                "return [...document.querySelectorAll('.plot .line')].filter(line =>"
                    + " line.getBoundingClientRect().width < 100 ||"
                    + " getComputedStyle(line).stroke === 'none').length"))
        .isEqualTo(0L);
  }

  @Test
  void labelsOfAChartDoNotTouch() {
    for (int width : new int[] {360, 700, 1280}) {
      screen(width, 800);
      assertThat(
              script(
                  """
                  const touching = [];
                  for (const chart of document.querySelectorAll('.plot, .axis svg')) {
                    const boxes = [...chart.querySelectorAll('text')]
                      .map(text => [text.textContent, text.getBoundingClientRect()])
                      .filter(([, box]) => box.width > 0);
                    boxes.forEach(([one, a], i) => boxes.slice(i + 1).forEach(([other, b]) => {
                      if (a.left < b.right && b.left < a.right
                          && a.top + 3 < b.bottom && b.top + 3 < a.bottom)
                        touching.push(one + ' / ' + other);
                    }));
                    const room = chart.closest('.curve, .axis').getBoundingClientRect();
                    boxes.forEach(([text, box]) => {
                      if (box.left < 0 || box.right > innerWidth
                          || box.top < room.top || box.bottom > room.bottom)
                        touching.push(text + ' / edge');
                    });
                  }
                  return touching.join('; ');
                  """))
          .as("at %d pixels", width)
          .isEqualTo("");
    }
  }

  @Test
  void fitsOnAPhone() {
    screen(360, 640);
    script(OPEN_DETAILS);
    assertThat(script("return document.documentElement.scrollWidth")).isEqualTo(360L);
    assertThat(
            script(
                "return [...document.querySelectorAll('table')].every(table => {"
                    + " const region = table.closest('[role=region][tabindex=\"0\"]');"
                    + " return region.getBoundingClientRect().right <= 360"
                    + " && ['auto', 'scroll'].includes(getComputedStyle(region).overflowX); })"))
        .isEqualTo(true);
  }

  @Test
  void isReadableInLightAndDark() {
    List<Object> backgrounds = new ArrayList<>();
    for (String scheme : List.of("light", "dark")) {
      emulate("screen", scheme);
      backgrounds.add(script("return getComputedStyle(document.body).backgroundColor"));
      assertThat(script(OPEN_DETAILS + FAINT_TEXTS)).as(scheme).isEqualTo("");
    }
    assertThat(backgrounds.get(0)).isNotEqualTo(backgrounds.get(1));
  }

  @Test
  void canBeUsedByKeyboard() {
    press(Keys.TAB);
    assertThat(focused()).isEqualTo("Skip to the results");
    assertThat(
            script(
                "const box = document.activeElement.getBoundingClientRect();"
                    + "return box.left >= 0 && box.top >= 0 && box.width > 0"))
        .isEqualTo(true);
    press(Keys.ENTER);
    assertThat(script("return document.activeElement.id")).isEqualTo("results");
    press(Keys.TAB);
    assertThat(script("return document.activeElement.tagName")).isEqualTo("SUMMARY");
    assertThat(script("return getComputedStyle(document.activeElement).outlineStyle"))
        .isEqualTo("solid");
    assertThat(script("return document.activeElement.parentElement.open")).isEqualTo(false);
    press(Keys.ENTER);
    assertThat(script("return document.activeElement.parentElement.open")).isEqualTo(true);
    press(Keys.TAB);
    assertThat(script("return document.activeElement.getAttribute('role')")).isEqualTo("region");
  }

  @Test
  void saysItsPartsToAScreenReader() {
    assertThat(browser().findElements(By.cssSelector("header, nav, main"))).hasSize(3);
    assertThat(script("return document.documentElement.lang")).isEqualTo("en");
    script(OPEN_DETAILS);
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
  void printsWhole() throws Exception {
    emulate("print", "dark");
    assertThat(
            script(
                "return [...document.querySelectorAll('details table, details dl, details ul')]"
                    + ".every(part => part.getBoundingClientRect().height > 0"
                    + " && part.checkVisibility({contentVisibilityAuto: true}))"))
        .isEqualTo(true);
    assertThat(script(OPEN_DETAILS + FAINT_TEXTS)).isEqualTo("");
    assertThat(script("return getComputedStyle(document.body).backgroundColor"))
        .isEqualTo("rgb(252, 252, 250)");
    emulate("", "dark");
    browser().get(page);
    byte[] pdf =
        Base64.getDecoder()
            .decode((String) browser().executeCdpCommand("Page.printToPDF", Map.of()).get("data"));
    assertThat(new String(pdf, 0, 5, StandardCharsets.US_ASCII)).isEqualTo("%PDF-");
    assertThat(pdf.length).isGreaterThan(100_000);
  }

  private String focused() {
    return String.valueOf(script("return document.activeElement.textContent"));
  }

  private void press(Keys key) {
    browser().switchTo().activeElement().sendKeys(key);
  }

  private void screen(int width, int height) {
    browser()
        .executeCdpCommand(
            "Emulation.setDeviceMetricsOverride",
            Map.of(
                "width", width, "height", height, "deviceScaleFactor", 2, "mobile", width < 500));
    browser().get(page);
  }

  private void emulate(String medium, String scheme) {
    browser()
        .executeCdpCommand(
            "Emulation.setEmulatedMedia",
            Map.of(
                "media",
                medium,
                "features",
                List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
  }

  private Object script(String script) {
    return Objects.requireNonNullElse(browser().executeScript(script), "nothing");
  }

  private ChromeDriver browser() {
    return Objects.requireNonNull(started);
  }
}
