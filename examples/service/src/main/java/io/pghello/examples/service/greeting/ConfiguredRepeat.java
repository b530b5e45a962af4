// SPDX-License-Identifier: MIT
package io.pghello.examples.service.greeting;

import java.util.concurrent.locks.ReentrantLock;
import org.springframework.stereotype.Component;

/**
 * The count that the database has for all instances of the service, kept here so that a greeting
 * does not ask for it. {@link RepeatWatcher} brings it up to date. Thread-safe.
 */
@Component
public class ConfiguredRepeat {
  private final ConfigRepository repository;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile int repeat;

  /** Reads the count; the tables are there by now. */
  public ConfiguredRepeat(ConfigRepository repository) {
    this.repository = repository;
    this.repeat = repository.readRepeat();
  }

  int get() {
    return repeat;
  }

  /** Reads the count again. */
  void refresh() {
    // or else the older of two answers could be written last
    lock.lock();
    try {
      repeat = repository.readRepeat();
    } finally {
      lock.unlock();
    }
  }

  /** Changes the count in the database, and so for all instances. */
  void change(int newRepeat) {
    repository.updateRepeat(newRepeat);
    refresh();
  }
}
