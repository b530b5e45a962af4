// SPDX-License-Identifier: MIT
package io.pghello.examples.service.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.examples.service.Http;
import io.pghello.examples.service.Http.Answer;
import io.pghello.examples.service.Programs;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.testkit.spring.AutoConfigurePgHello;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.WebDriverWait;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** The page, in a browser. */
@SpringBootTest(
    webEnvironment = WebEnvironment.RANDOM_PORT,
    properties = {"greeting.load.enabled=true", "greeting.rate-limit.enabled=false"})
@AutoConfigurePgHello
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PageIT {
  private static final Duration LONG = Duration.ofSeconds(60);

  /** Script that finds texts with too little contrast. */
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
        if (!node.data.trim() || !element.checkVisibility()) continue;
        const style = getComputedStyle(element);
        const color = element.closest('svg') ? style.fill : style.color;
        const [one, other] = [luminance(color), luminance(background(element))].sort((a, b) => b - a);
        texts++;
        if ((one + 0.05) / (other + 0.05) < 4.5) faint.push(node.data + ': ' + color);
      }
      return texts > 20 ? faint.join('; ') : texts + ' texts only';
      """;

  @LocalServerPort int port;
  private @Nullable ChromeDriver started;

  @BeforeAll
  void openBrowser() {
    Optional<File> chromium = Programs.find("chromium");
    Optional<File> driver = Programs.find("chromedriver");
    assumeTrue(
        chromium.isPresent() && driver.isPresent(),
        "needs chromium and chromedriver (Debian's packages are chromium and chromium-driver)");
    var logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    var options = new ChromeOptions();
    options.setBinary(chromium.orElseThrow());
    // root needs no-sandbox; a container's /dev/shm may be small
    options.addArguments(
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu");
    options.setCapability("goog:loggingPrefs", logs);
    // both paths are given, so that Selenium does not search the network for a browser
    started =
        new ChromeDriver(
            new ChromeDriverService.Builder()
                .usingDriverExecutable(driver.orElseThrow())
                .usingAnyFreePort()
                .build(),
            options);
  }

  @AfterAll
  void closeBrowser() {
    if (started != null) {
      started.quit();
    }
  }

  private ChromeDriver browser() {
    return Objects.requireNonNull(started);
  }

  @BeforeEach
  void openPage() {
    look("light", 1000);
    open();
  }

  private void open() {
    browser().get("http://127.0.0.1:" + port + "/");
    awaitText(
        "info",
        text ->
            text.startsWith(
                "pg_hello "
                    + NativeExtension.fromClassPath("pg_hello").version()
                    + " · PostgreSQL "));
    new WebDriverWait(browser(), LONG).until(b -> find("load").isDisplayed());
  }

  private void look(String scheme, int width) {
    browser()
        .executeCdpCommand(
            "Emulation.setEmulatedMedia",
            Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    browser()
        .executeCdpCommand(
            "Emulation.setDeviceMetricsOverride",
            Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", width < 500));
  }

  private WebElement find(String id) {
    return browser().findElement(By.id(id));
  }

  private void awaitText(String id, Predicate<String> condition) {
    new WebDriverWait(browser(), LONG)
        .withMessage(() -> "#" + id + " is: " + find(id).getText())
        .until(b -> condition.test(find(id).getText()));
  }

  private List<String> consoleErrors() {
    return browser().manage().logs().get(LogType.BROWSER).getAll().stream()
        .map(LogEntry::getMessage)
        .toList();
  }

  private Object script(String script) {
    return Objects.requireNonNullElse(browser().executeScript(script), "nothing");
  }

  @Test
  void greetsAsItIsTyped() {
    consoleErrors();
    String name = "O'Brien <b onclick=\"alert(1)\">";
    find("name").clear();
    find("name").sendKeys(name);
    find("repeat").sendKeys("2", Keys.ENTER);
    awaitText("greeting", text -> text.equals("Hello, " + name + "! Hello, " + name + "!"));
    assertThat(find("greeting").findElements(By.tagName("b"))).isEmpty();
    assertThat(find("page-chart").findElement(By.tagName("svg")).getDomAttribute("aria-label"))
        .startsWith("This page's requests. All: half within");
    assertThat(consoleErrors()).isEmpty();
  }

  /** Neither of these names can be part of a path. */
  @ParameterizedTest
  @ValueSource(strings = {".", "..", "a;b", "a/b", "%41"})
  void greetsNamesThatNoPathCanHave(String name) {
    find("name").clear();
    find("name").sendKeys(name, Keys.ENTER);
    awaitText("greeting", text -> text.equals("Hello, " + name + "!"));
  }

  @Test
  void showsTheStatusOfAnErrorPageOfTheGateway() {
    script(
        "window.fetch = async () => new Response('<html>Bad Gateway</html>', {status: 502});"
            + " return 1;");
    find("greet").submit();
    awaitText("greeting", text -> text.equals("The service answered 502."));
  }

  @Test
  void greetsPastedNames() {
    find("names").clear();
    find("names").sendKeys("Ada\n\nBob\n<i>Eve</i>");
    find("bulk").submit();
    awaitText("bulk-status", text -> text.startsWith("3 greetings in "));
    assertThat(browser().findElements(By.cssSelector("#greetings li")))
        .extracting(WebElement::getText)
        .containsExactly("Hello, Ada!", "Hello, Bob!", "Hello, <i>Eve</i>!");
  }

  @Test
  void showsTheErrorForAnInvalidName() {
    find("name").clear();
    find("name").sendKeys("a".repeat(51), Keys.ENTER);
    awaitText(
        "greeting",
        text -> text.equals("names[0] must have 1 to 50 characters that are not all blank"));
    assertThat(find("greeting").getDomAttribute("class")).contains("wrong");
  }

  @Test
  void showsALoadWithAndWithoutSharing() {
    consoleErrors();
    find("run").click();
    awaitText("load-status", text -> text.endsWith(" times as many a second"));
    for (String id : List.of("shared-rate", "alone-rate")) {
      assertThat(find(id).getText()).matches("[0-9,]+").isNotEqualTo("0");
    }
    assertThat(find("load-chart").findElements(By.cssSelector("rect.alone"))).isNotEmpty();
    assertThat(find("run").isEnabled()).isTrue();
    assertThat(consoleErrors()).isEmpty();
  }

  @Test
  void neverRunsTwoLoadsAtATime() {
    var http = new Http(port);
    await()
        .atMost(LONG)
        .until(
            () -> {
              List<CompletableFuture<Answer>> loads =
                  Stream.generate(() -> http.sendAsync("POST", "/api/load?batching=true", ""))
                      .limit(4)
                      .toList();
              return loads.stream().map(load -> load.join().status()).toList();
            },
            statuses -> statuses.contains(200) && statuses.contains(409));
  }

  @Test
  void canBeUsedByKeyboard() {
    List<String> order = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      browser().switchTo().activeElement().sendKeys(Keys.TAB);
      order.add(
          String.valueOf(
              script("return document.activeElement.id || document.activeElement.textContent")));
      assertThat(script("return getComputedStyle(document.activeElement).outlineStyle"))
          .isEqualTo("solid");
    }
    assertThat(order).containsExactly("name", "repeat", "Greet", "names", "Greet all", "run");
    List<String> unnamed =
        browser().findElements(By.cssSelector("input, textarea, button, section, svg")).stream()
            .filter(part -> String.valueOf(part.getAccessibleName()).isBlank())
            .map(part -> String.valueOf(part.getDomProperty("outerHTML")))
            .toList();
    assertThat(unnamed).isEmpty();
  }

  @Test
  void fitsOnAPhone() {
    look("light", 360);
    open();
    find("run").click();
    awaitText("load-status", text -> text.endsWith(" times as many a second"));
    assertThat(script("return document.documentElement.scrollWidth")).isEqualTo(360L);
    shoot("phone");
  }

  @Test
  void isReadableInLightAndDark() {
    for (String scheme : List.of("light", "dark")) {
      look(scheme, 1000);
      open();
      find("name").sendKeys(Keys.ENTER);
      awaitText("greeting", text -> text.equals("Hello, Ada!"));
      find("run").click();
      awaitText("load-status", text -> text.endsWith(" times as many a second"));
      assertThat(script(FAINT_TEXTS)).as(scheme).isEqualTo("");
      shoot(scheme);
    }
  }

  /** Saves a screenshot for manual review as target/page-WHAT.png. */
  private void shoot(String what) {
    try {
      browser()
          .executeCdpCommand(
              "Emulation.setDeviceMetricsOverride",
              Map.of(
                  "width",
                  what.equals("phone") ? 360 : 1000,
                  "height",
                  script("return document.documentElement.scrollHeight"),
                  "deviceScaleFactor",
                  1,
                  "mobile",
                  false));
      Files.write(
          Path.of("target", "page-" + what + ".png"), browser().getScreenshotAs(OutputType.BYTES));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void mayLoadNothingFromElsewhere() {
    assertThat(
            script("return fetch('https://example.com/').then(() => 'fetched', () => 'refused')"))
        .isEqualTo("refused");
    assertThat(
            script(
                "const s = document.createElement('script'); s.textContent = 'window.ran = true';"
                    + "document.body.append(s); return window.ran === true"))
        .isEqualTo(false);
  }
}
