// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class HeldFilesTest {
  private static final Platform WINDOWS = new Platform("windows", "amd64", false);
  private static final Platform MAC = new Platform("darwin", "arm64", false);
  private static final Duration LIMIT = Duration.ofMillis(300);

  private final AtomicInteger tries = new AtomicInteger();

  private HeldFiles.Change failing(int times, FileSystemException failure) {
    return () -> {
      if (tries.incrementAndGet() <= times) {
        throw failure;
      }
    };
  }

  @Test
  void retriesAChangeOnWindows() throws IOException {
    HeldFiles.change(WINDOWS, LIMIT, failing(2, new AccessDeniedException("a.dll")));
    assertThat(tries).hasValue(3);
  }

  @Test
  void givesUpAfterTheLimit() {
    assertThatThrownBy(
            () ->
                HeldFiles.change(
                    WINDOWS, LIMIT, failing(1_000, new AccessDeniedException("a.dll"))))
        .isInstanceOf(AccessDeniedException.class);
    assertThat(tries).hasValueBetween(2, 100);
  }

  @Test
  void doesNotRetryOnOtherSystemsOrForOtherFailures() {
    assertThatThrownBy(
            () -> HeldFiles.change(MAC, LIMIT, failing(1, new AccessDeniedException("a"))))
        .isInstanceOf(AccessDeniedException.class);
    assertThatThrownBy(
            () -> HeldFiles.change(WINDOWS, LIMIT, failing(2, new NoSuchFileException("a"))))
        .isInstanceOf(NoSuchFileException.class);
    assertThat(tries).hasValue(2);
  }
}
