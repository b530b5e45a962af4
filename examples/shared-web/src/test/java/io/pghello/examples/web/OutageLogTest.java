// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class OutageLogTest {
  private final AtomicLong seconds = new AtomicLong();
  private final OutageLog log = new OutageLog(() -> TimeUnit.SECONDS.toNanos(seconds.get()));

  private static long warnings(CapturedOutput output, String code) {
    return output.getAll().lines().filter(l -> l.contains("WARN") && l.contains(code)).count();
  }

  @Test
  void logsAnOutageOnceAMinute(CapturedOutput output) {
    for (int second = 0; second < 60; second++) {
      seconds.set(second);
      log.failed("CONNECTION_UNAVAILABLE", "refused");
    }
    assertThat(warnings(output, "CONNECTION_UNAVAILABLE")).isEqualTo(1);
    seconds.set(60);
    log.failed("CONNECTION_UNAVAILABLE", "refused");
    log.failed("CONNECTION_UNAVAILABLE", "refused");
    assertThat(warnings(output, "CONNECTION_UNAVAILABLE")).isEqualTo(2);
  }

  @Test
  void logsEachKindForItself(CapturedOutput output) {
    log.failed("CONNECTION_UNAVAILABLE", "refused");
    log.failed("CACHE_UNAVAILABLE", "refused");
    assertThat(warnings(output, "CACHE_UNAVAILABLE")).isEqualTo(1);
  }
}
