import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { announcementActivities } from '../../activities/announcements.js';
import { createDeliverer, type Deliverer } from '../../src/application/deliver.js';
import type { InstanceId, UserId } from '../../src/ids.js';
import { type TestDatabase, testDatabase } from './database.js';
import { connectApplication, type FakeApplication, startFakeApplication } from './fake-application.js';
import { converge, emptyInstance, say } from './steps.js';

/** An instance of its own for each test, whose application is to be told, and whoever tells it: no Temporal, so that a test says when. */
export interface Announcing {
  readonly pool: pg.Pool;
  readonly deliverer: Deliverer;
  readonly instance: InstanceId;
  readonly application: FakeApplication;
  /** A user whose account is as it should be, and of whom nothing was told yet. */
  readonly provisioned: (userName: string) => Promise<UserId>;
  /** A worker: what it can't tell now it tries again. */
  readonly worker: () => (user: UserId) => Promise<void>;
}

/** Sets the hooks of a suite. What is returned is there from the first test on. */
export function announcing(): Announcing {
  let database: TestDatabase;
  let deliverer: Deliverer;
  let instance: InstanceId;
  let application: FakeApplication;
  before(async () => {
    database = await testDatabase();
    deliverer = createDeliverer({ allowPrivate: true, timeoutMs: 2_000 });
  });
  after(async () => {
    await deliverer.close();
    await database.close();
  });
  beforeEach(async () => {
    application = await startFakeApplication();
    instance = await emptyInstance(database.pool);
    await connectApplication({ pool: database.pool, instance }, application.url);
    application.told.length = 0;
  });
  afterEach(() => application.close());
  return {
    get pool() {
      return database.pool;
    },
    get deliverer() {
      return deliverer;
    },
    get instance() {
      return instance;
    },
    get application() {
      return application;
    },
    provisioned: async (userName) => {
      const { id } = await say(database.pool, instance, { userName });
      await converge(database.pool, instance, id);
      return id;
    },
    worker: () => {
      const activities = announcementActivities(database.pool, deliverer, () => undefined);
      return async (userId) => {
        for (;;) {
          try {
            await activities.announce({ instance, userId });
            return;
          } catch {
            await delay(5);
          }
        }
      };
    },
  };
}
