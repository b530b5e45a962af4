// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/**
 * Logs each kind of outage once per minute, regardless of the number of failed requests. At debug
 * level, each failure is logged. Thread-safe.
 */
@Component
public class OutageLog {
  private static final Logger LOG = LoggerFactory.getLogger(OutageLog.class);
  private static final long INTERVAL_NANOS = Duration.ofMinutes(1).toNanos();

  private final LongSupplier nanoTime;
  private final Map<String, AtomicLong> lastLogged = new ConcurrentHashMap<>();

  /** Creates an empty log. */
  @Autowired
  public OutageLog() {
    this(System::nanoTime);
  }

  OutageLog(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * Logs a failed request.
   *
   * @param code the problem's code; each code is logged once per minute
   */
  public void failed(String code, @Nullable String message) {
    long now = nanoTime.getAsLong();
    AtomicLong last =
        lastLogged.computeIfAbsent(code, first -> new AtomicLong(now - INTERVAL_NANOS));
    long before = last.get();
    if (now - before >= INTERVAL_NANOS && last.compareAndSet(before, now)) {
      LOG.warn(
          "{}: {} (for a minute, further failures with this code are logged only at debug level)",
          code,
          message);
    } else {
      LOG.debug("{}: {}", code, message);
    }
  }
}
