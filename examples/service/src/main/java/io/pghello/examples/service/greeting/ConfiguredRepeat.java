// SPDX-License-Identifier: MIT
package io.pghello.examples.service.greeting;

import java.util.concurrent.locks.ReentrantLock;
import org.springframework.stereotype.Component;

/**
 * Caches the configured count, so that a greeting needs no additional query. The count is stored in
 * the database for all instances of the service. {@link RepeatWatcher} keeps the cached count up to
 * date. Thread-safe.
 */
@Component
public class ConfiguredRepeat {
  private final ConfigRepository repository;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile int repeat;

  /** Reads the count. The tables must exist. */
  public ConfiguredRepeat(ConfigRepository repository) {
    this.repository = repository;
    this.repeat = repository.readRepeat();
  }

  int get() {
    return repeat;
  }

  /** Reads the count again. */
  void refresh() {
    // otherwise, an older result could overwrite a newer one
    lock.lock();
    try {
      repeat = repository.readRepeat();
    } finally {
      lock.unlock();
    }
  }

  /** Changes the count in the database for all instances. */
  void change(int newRepeat) {
    repository.updateRepeat(newRepeat);
    refresh();
  }
}
