// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Calls that travel together, the oldest first. Belongs to one thread at a time. */
final class Batch {
  private final List<Call> calls = new ArrayList<>();
  private final int maxCalls;
  private final int maxBytes;
  private int bytes;
  private @Nullable Call latest;

  /**
   * Creates an empty one.
   *
   * @param maxBytes at which it is full, too; the name that reaches it travels along
   */
  Batch(int maxCalls, int maxBytes) {
    this.maxCalls = maxCalls;
    this.maxBytes = maxBytes;
  }

  boolean isFull() {
    return calls.size() >= maxCalls || bytes >= maxBytes;
  }

  void add(Call call) {
    calls.add(call);
    bytes += call.question.bytes();
    preferAsLatest(call);
  }

  private void preferAsLatest(Call call) {
    if (latest == null || !latest.deadline.isAfter(call.deadline)) {
      latest = call;
    }
  }

  /** Takes out a call whose caller leaves. */
  void remove(Call call) {
    calls.remove(call);
    bytes -= call.question.bytes();
    if (call.equals(latest)) {
      latest = null;
      calls.forEach(this::preferAsLatest);
    }
  }

  List<Call> calls() {
    return calls;
  }

  List<Question> questions() {
    var questions = new ArrayList<Question>(calls.size());
    for (Call call : calls) {
      questions.add(call.question);
    }
    return questions;
  }

  int size() {
    return calls.size();
  }

  /** Returns the call with the latest deadline; the batch must not be empty. */
  Call latest() {
    return Objects.requireNonNull(latest);
  }
}
